import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { monotonic } from '../runtime/clock.ts';
import { durationWords } from '../texts/duration-words.ts';

/**
 * Terminal output: sections of rows, of which the running ones are animated. Without a terminal every row is a plain
 * line when it ends, and when its note changes. Colours follow NO_COLOR and the stream.
 */
export interface Screen {
  readonly width: number;
  /** Begins a section and finishes the previous one. */
  section(title: string, aside?: string): Section;
  /** Prints lines outside of any section. */
  print(...lines: string[]): void;
  style(format: Format | Format[], text: string): string;
  /** Finishes animated rows and shows the cursor again. */
  close(): void;
}
export type Format = Parameters<typeof styleText>[0] extends infer All ? Exclude<All, readonly unknown[]> : never;

export interface Section {
  /** Adds a row that has not started. */
  row(title: string): Row;
  /** Adds a line between rows. */
  divider(text: string): void;
  /** The completed fraction of the whole, 0 to 1, below the rows; disappears when the section ends. */
  bar(fraction: number): void;
  end(): void;
}

export interface Row {
  start(): void;
  /** The current activity, and the completed fraction if known. */
  update(change: { note?: string | undefined; fraction?: number | undefined }): void;
  /** `tookMs` is measured from `start` if absent; 0 shows none. */
  end(how: 'done' | 'failed' | 'skipped', note?: string, tookMs?: number): void;
}

interface RowState {
  title: string;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped' | 'divider';
  note: string;
  fraction: number | undefined;
  startedAt: number;
  tookMs: number;
}

const frameMs = 90;
const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const symbols = { waiting: '·', running: '›', done: '✔', failed: '✖', skipped: '–', divider: ' ' } as const;
const colours = {
  waiting: 'gray',
  running: 'cyan',
  done: 'green',
  failed: 'red',
  skipped: 'yellow',
  divider: 'gray',
} as const satisfies Record<string, Format>;
const widest = 100;
const titleWidth = 30;

/** A screen on one stream; `live` redraws in place and needs a terminal. */
export function createScreen(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): Screen {
  const terminal = stream as WriteStream;
  const live = Boolean(stream.isTTY) && env.TERM !== 'dumb' && !env.CI;
  let current: { rows: RowState[]; bar: number | undefined } | undefined;
  let drawn = 0;
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;

  const style: Screen['style'] = (format, text) => styleText(format, text, { stream });
  const width = () => Math.min(widest, live ? terminal.columns || 80 : widest);
  const cut = (text: string, room: number) => (text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`);

  function rowText(row: RowState): string {
    if (row.state === 'divider') return style('bold', `  ${row.title}`);
    const running = row.state === 'running';
    const symbol = running && live ? spinner[frame % spinner.length]! : symbols[row.state];
    const ms = running ? monotonic() - row.startedAt : row.tookMs;
    const time = row.state === 'waiting' || ms < 50 ? '' : durationWords(ms);
    const room = width() - 4 - titleWidth - 2 - 13;
    const meter = live && running && row.fraction !== undefined ? `${barText(row.fraction, 12)} ` : '';
    const note = cut(row.note, room - 1 - (meter ? 13 : 0));
    const fixed = cut(row.title, titleWidth);
    const title = note || meter || time ? fixed.padEnd(titleWidth + 2) : fixed;
    const spacing = ' '.repeat(Math.max(1, room - note.length - (meter ? 13 : 0)) + Math.max(0, 12 - time.length));
    return [
      `  ${style(colours[row.state], symbol)} `,
      row.state === 'waiting' ? style('gray', title) : title,
      meter,
      note && style(row.state === 'failed' ? 'red' : 'gray', note),
      time && spacing + style('gray', time),
    ].join('');
  }

  function barText(fraction: number, cells: number): string {
    const full = Math.round(Math.min(1, Math.max(0, fraction)) * cells);
    return style('cyan', '━'.repeat(full)) + style('gray', '─'.repeat(cells - full));
  }

  function draw(): void {
    if (!current) return;
    const lines = current.rows.map(rowText);
    if (current.bar !== undefined) {
      const percent = `${Math.round(current.bar * 100)} %`.padStart(6);
      lines.push('', `  ${barText(current.bar, width() - 10)}${percent}`);
    }
    // A terminal lower than the list shows only its end; rows above would be redrawn again and again.
    const shown = lines.slice(-(terminal.rows || 24) + 2);
    stream.write(`${erase()}${shown.map((line) => `${line}\n`).join('')}`);
    drawn = shown.length;
  }
  const erase = () => (drawn > 0 ? `\x1b[${drawn}A\x1b[J` : '');

  function finish(): void {
    if (!current) return;
    clearInterval(timer);
    if (live) {
      current.bar = undefined;
      draw();
      stream.write('\x1b[?25h');
    }
    current = undefined;
    drawn = 0;
  }

  return {
    get width() {
      return width();
    },
    style,
    close: finish,
    print(...lines) {
      if (live && current) {
        stream.write(erase());
        drawn = 0;
      }
      stream.write(lines.map((line) => `${line}\n`).join(''));
      if (live) draw();
    },
    section(title, aside) {
      finish();
      stream.write(`\n ${style('bold', title)}${aside ? `  ${style('gray', aside)}` : ''}\n`);
      const own = { rows: [] as RowState[], bar: undefined as number | undefined };
      current = own;
      if (live) {
        stream.write('\x1b[?25l');
        timer = setInterval(() => {
          frame += 1;
          draw();
        }, frameMs);
        timer.unref();
      }
      const plain = (row: RowState) => {
        if (!live) stream.write(`${rowText(row)}\n`);
      };
      return {
        row(rowTitle) {
          const row: RowState = {
            title: rowTitle,
            state: 'waiting',
            note: '',
            fraction: undefined,
            startedAt: 0,
            tookMs: 0,
          };
          own.rows.push(row);
          return {
            start() {
              row.state = 'running';
              row.startedAt = monotonic();
            },
            update({ note, fraction }) {
              if (fraction !== undefined) row.fraction = fraction;
              if (note === undefined || note === row.note) return;
              row.note = note;
              plain(row);
            },
            end(how, note, tookMs) {
              row.tookMs = tookMs ?? (row.state === 'running' ? monotonic() - row.startedAt : 0);
              row.state = how;
              row.note = note ?? '';
              plain(row);
            },
          };
        },
        divider(text) {
          const row: RowState = {
            title: text,
            state: 'divider',
            note: '',
            fraction: undefined,
            startedAt: 0,
            tookMs: 0,
          };
          own.rows.push(row);
          plain(row);
        },
        bar(fraction) {
          own.bar = fraction;
        },
        end() {
          if (current === own) finish();
        },
      };
    },
  };
}
