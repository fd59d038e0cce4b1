/**
 * The canonical form of RFC 8785: equal JSON values give the same text, whatever the order of their fields.
 *
 * Fields that are undefined are left out, and `toJSON` is honoured, as `JSON.stringify` does. Throws TypeError for what
 * JSON cannot hold (functions, symbols, bigints, numbers that are not finite, undefined).
 */
export function canonicalJson(value: unknown): string {
  const plain = hasToJson(value) ? value.toJSON() : value;
  if (plain === null || typeof plain === 'boolean' || typeof plain === 'string') return JSON.stringify(plain);
  if (typeof plain === 'number' && Number.isFinite(plain)) return JSON.stringify(plain);
  if (Array.isArray(plain)) return `[${plain.map(canonicalJson).join(',')}]`;
  if (typeof plain !== 'object') throw new TypeError(`JSON cannot hold ${String(plain)}`);
  const fields = Object.entries(plain)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`);
  return `{${fields.join(',')}}`;
}

function hasToJson(value: unknown): value is { toJSON(): unknown } {
  return typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function';
}
