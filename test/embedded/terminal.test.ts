import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from '@jest/globals';
import { createScreen } from '../../src/embedded/terminal.ts';

function record(terminal: { isTTY: boolean; columns?: number; rows?: number }, env: NodeJS.ProcessEnv = {}) {
  const stream = new PassThrough();
  let written = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  const screen = createScreen(Object.assign(stream, terminal) as unknown as NodeJS.WriteStream, env);
  return { screen, written: () => written };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told
const withoutColours = (text: string) => text.replace(/\x1b\[[0-9;]*m/g, '');

test('without a terminal every row is one plain line, when it ends and when its note changes', () => {
  const { screen, written } = record({ isTTY: false });
  const section = screen.section('Building', 'one server');
  const row = section.row('Build the server');
  row.start();
  row.update({ note: 'volume made', fraction: 0.5 });
  row.update({ note: 'volume made', fraction: 0.6 });
  row.end('done', undefined, 2_345);
  section.row('Explain by e-mail').end('failed', 'no such address', 0);
  section.end();
  const lines = written().split('\n');
  expect(lines.slice(0, 2)).toEqual(['', ' Building  one server']);
  expect(lines[2]).toMatch(/^ {2}› Build the server +volume made/);
  expect(lines[3]).toMatch(/^ {2}✔ Build the server +2\.3 s$/);
  expect(lines.slice(4)).toEqual([expect.stringMatching(/^ {2}✖ Explain by e-mail +no such address$/), '']);
});

test('a terminal is drawn over in place and left clean, with the cursor shown again', () => {
  const { screen, written } = record({ isTTY: true, columns: 60, rows: 24 });
  const section = screen.section('Building');
  const row = section.row('Build the server');
  row.start();
  section.bar(0.5);
  screen.print('a line from elsewhere');
  row.end('done', 'a note that is longer than this narrow terminal has room for', 1_000);
  section.end();
  const text = withoutColours(written());
  expect(text).toContain('\x1b[?25l');
  expect(text.endsWith('\x1b[?25h')).toBe(true);
  // The final output: cursor movements erase three drawn lines, the row remains and the bar is gone.
  const last = text.slice(text.lastIndexOf('\x1b[J') + 3);
  expect(last).toMatch(/^ {2}✔ Build the server +a note tha?t?… +1\.0 s\n/);
  expect(last).not.toContain('50 %');
  for (const line of stripVTControlCharacters(text).split('\n')) expect(line.length).toBeLessThanOrEqual(60);
});

test('a dumb terminal and a build server get plain lines', () => {
  for (const env of [{ TERM: 'dumb' }, { CI: 'true' }]) {
    const { screen, written } = record({ isTTY: true, columns: 80 }, env);
    screen.section('Building').row('Build the server').end('done', undefined, 0);
    expect(withoutColours(written())).toBe('\n Building\n  ✔ Build the server\n');
  }
});
