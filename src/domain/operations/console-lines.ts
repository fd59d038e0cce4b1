/** How much of a console is kept. */
const mostLines = 20;
const mostBytes = 2_000;
const longestLine = 300;

const masks: readonly [RegExp, string][] = [
  // Escape sequences of a terminal, then everything else that a line cannot show.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: consoles print them
  [/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b[@-_]/g, ''],
  [/[^\P{C}\t]/gu, ''],
  [/[^\s<>"'=:,;()[\]{}]+@[^\s<>"',;()[\]{}]+/g, '[address]'],
  [/\b(bearer|basic)\s+\S+/gi, '$1 [masked]'],
  [/((?:token|secret|passw(?:or)?d|passphrase|credential|key)\w*["']?\s*[=:]\s*["']?)[^\s"',;}]+/gi, '$1[masked]'],
  // Keys, tokens and hashes have no other form in common than to be long and not words.
  [/(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{24,}/g, '[masked]'],
];

/**
 * The last lines of a console that tell something: at most 20 of them and 2 kB in UTF-8, or the `share` of that, oldest
 * first. E-mail addresses, the secrets that are named, and whatever looks like a token, a key or a password are masked.
 */
export function consoleLines(
  text: string,
  { secrets = [], share = 1 }: { secrets?: Iterable<string>; share?: number } = {},
): string[] {
  // What is cut off cannot matter: a masked line never becomes longer than this.
  const end = text.slice(-200 * mostBytes);
  let known = end;
  for (const secret of secrets) known = known.replaceAll(secret, '[masked]');
  const lines = known
    .split(/\r\n|\r|\n/)
    .map(masked)
    .filter((line) => line !== '');
  const kept: string[] = [];
  let left = Math.floor(mostBytes * share);
  for (const line of lines.slice(-mostLines).reverse()) {
    const bytes = new TextEncoder().encode(line).length + 1;
    if (bytes > left) break;
    left -= bytes;
    kept.unshift(line);
  }
  return kept;
}

function masked(line: string): string {
  const clean = masks.reduce((text, [pattern, by]) => text.replaceAll(pattern, by), line).trim();
  return clean.length > longestLine ? `${clean.slice(0, longestLine - 1)}…` : clean;
}
