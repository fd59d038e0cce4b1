/**
 * The terminal's content after a program's output, as HTML. It supports what our own output uses: colours and weights
 * (SGR), redrawn lines (cursor up, erase below, carriage return with erase), the cursor's visibility.
 */

const colours: Readonly<Record<number, string>> = {
  31: '#b3261e',
  32: '#1a7f37',
  33: '#9a6700',
  36: '#0b6e99',
  90: '#6b7280',
};

interface Style {
  colour: string;
  bold: boolean;
  underline: boolean;
}

const plain: Style = { colour: '', bold: false, underline: false };

/** Escape sequences (ECMA-48 CSI), line ends, and runs of plain text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const tokens = /\x1b\[([?\d;]*)([A-Za-z])|\r\n|\n|\r|[^\x1b\r\n]+/g;

/** The lines on the screen, each as HTML. */
export function screenLines(output: string): string[] {
  const lines: string[] = [];
  let line = '';
  let style = plain;
  for (const [token, parameters = '', command] of output.matchAll(tokens)) {
    if (token === '\n' || token === '\r\n') {
      lines.push(line);
      line = '';
    } else if (command === 'A') {
      lines.length = Math.max(0, lines.length - Number(parameters || 1));
      line = '';
    } else if (command === 'm') {
      style = parameters.split(';').reduce((before, code) => changed(before, Number(code)), style);
    } else if (token === '\r' || command === 'K') {
      line = '';
    } else if (command === undefined) {
      line += marked(token, style);
    }
  }
  return line === '' ? lines : [...lines, line];
}

function changed(style: Style, code: number): Style {
  if (code === 0) return plain;
  if (code === 1) return { ...style, bold: true };
  if (code === 22) return { ...style, bold: false };
  if (code === 4) return { ...style, underline: true };
  if (code === 24) return { ...style, underline: false };
  if (code === 39) return { ...style, colour: '' };
  return { ...style, colour: colours[code] ?? style.colour };
}

function marked(text: string, { colour, bold, underline }: Style): string {
  const css = [colour && `color:${colour}`, bold && 'font-weight:700', underline && 'text-decoration:underline'];
  const safe = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const set = css.filter(Boolean).join(';');
  return set === '' ? safe : `<span style="${set}">${safe}</span>`;
}

/** A page that shows the lines as a light terminal window of `columns` characters. */
export function terminalPage({ lines, columns }: { lines: string[]; columns: number }): string {
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; background: #fff }
    main { display: inline-block; margin: 12px; border: 1px solid #d0d7de; border-radius: 8px; background: #fcfcfd }
    header { padding: 8px 14px; border-bottom: 1px solid #d0d7de; font: 600 12px system-ui, sans-serif; color: #57606a }
    pre { margin: 0; padding: 12px 14px 14px; width: ${columns}ch; font: 13px/1.38 'DejaVu Sans Mono', Menlo, Consolas, monospace; color: #1f2328;
      white-space: pre-wrap; word-break: break-all }
  </style><main><header>Terminal</header><pre>${lines.join('\n')}</pre></main>`;
}
