/**
 * Licence keys: prefix, 128 bits as 26 characters of Crockford base32, 2 characters of checksum.
 *
 * The checksum is the number modulo 1021, a prime below 1024, so a single wrong character is always detected and such a
 * key is refused without a database query.
 */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const prefix = 'FH';
const modulus = 1021n;
/** Characters after the prefix, without dashes. */
const length = 28;

/** Text of a key, for example `FH-3QK7A-…`. */
export function licenceKeyText(random: Buffer): string {
  const value = BigInt(`0x${random.toString('hex')}`);
  const body = base32(value, 26) + base32(value % modulus, 2);
  return [prefix, ...(body.match(/.{1,7}/g) as string[])].join('-');
}

/** The key as it was issued, however it was typed (case, spaces, quotes, O for 0); null if it cannot be one. */
export function normaliseLicenceKey(text: string): string | null {
  const plain = text.toUpperCase().replace(/[^0-9A-Z]/g, '');
  if (!plain.startsWith(prefix)) return null;
  const body = plain.slice(prefix.length).replace(/O/g, '0').replace(/[IL]/g, '1');
  if (body.length !== length || [...body].some((char) => !alphabet.includes(char))) return null;
  const value = number(body.slice(0, 26));
  if (value >= 1n << 128n || value % modulus !== number(body.slice(26))) return null;
  return licenceKeyText(Buffer.from(value.toString(16).padStart(32, '0'), 'hex'));
}

/**
 * What is wrong with the form of a text that is not a licence key, a sentence for each fault. Judged by the text alone,
 * so it says nothing about which keys exist, and repeats none of its characters.
 */
export function licenceKeyFaults(text: string): string[] {
  const typed = text.replace(/^[^\p{L}\p{N}]+/u, '');
  const signs = [...typed].flatMap((char, index) =>
    /[\p{L}\p{N}]/u.test(char) ? [{ sign: char.toUpperCase(), position: index + 1 }] : [],
  );
  const startsRight = signs[0]?.sign === prefix[0] && signs[1]?.sign === prefix[1];
  // Without it, a text of the right length is a key whose prefix was left out.
  const body = startsRight || signs.length > length ? signs.slice(prefix.length) : signs;
  const unused = body.filter(({ sign }) => !/^[0-9A-TV-Z]$/.test(sign)).map(({ position }) => position);
  const faults = [
    ...(startsRight ? [] : [`It does not start with "${prefix}-".`]),
    ...(unused.length > 0
      ? [`${positionsText(unused)} not used in keys: digits and the letters A to Z without U are.`]
      : []),
    ...(body.length === length ? [] : [lengthFault(typed, body.length)]),
  ];
  if (faults.length > 0) return faults;
  if (!/^[0-7OIL]$/.test(body[0]?.sign ?? '')) {
    return [`Its first character after "${prefix}-" is wrong: only 0 to 7 are possible there.`];
  }
  return ['Its last two characters, a checksum, do not fit the others: at least one is wrong, or two are exchanged.'];
}

function positionsText(positions: number[]): string {
  const shown = positions.slice(0, 3).join(', ');
  const more = positions.length > 3 ? ` and ${positions.length - 3} more` : '';
  const [noun, verb] = positions.length === 1 ? ['character', 'is'] : ['characters', 'are'];
  return `Its ${noun} ${shown}${more}, counted with dashes and blanks, ${verb}`;
}

function lengthFault(typed: string, count: number): string {
  const all = `It has ${count} ${count === 1 ? 'character' : 'characters'} after "${prefix}-" and needs ${length}, in 4 groups of 7.`;
  const groups = typed.split('-').slice(1);
  const sizes = groups.map((group) => group.replace(/[^\p{L}\p{N}]/gu, '').length);
  const wrong = sizes.flatMap((size, index) => (size === 7 ? [] : [`group ${index + 1} has ${size}`]));
  return groups.length === 4 && wrong.length > 0 ? `${all} Of its groups, ${wrong.join(', ')}.` : all;
}

function base32(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest >>= 5n) text = alphabet[Number(rest & 31n)] + text;
  return text;
}

function number(text: string): bigint {
  return [...text].reduce((sum, char) => (sum << 5n) | BigInt(alphabet.indexOf(char)), 0n);
}
