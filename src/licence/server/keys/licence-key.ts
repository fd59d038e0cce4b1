/**
 * Licence keys: prefix, 128 bits as 26 characters of Crockford base32, 2 characters of checksum.
 *
 * The checksum is the number modulo 1021, a prime below 1024, so a single wrong character is always detected and such a
 * key is refused without a database query.
 */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const prefix = 'FH';
const modulus = 1021n;

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
  if (body.length !== 28 || [...body].some((char) => !alphabet.includes(char))) return null;
  const value = number(body.slice(0, 26));
  if (value >= 1n << 128n || value % modulus !== number(body.slice(26))) return null;
  return licenceKeyText(Buffer.from(value.toString(16).padStart(32, '0'), 'hex'));
}

function base32(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest >>= 5n) text = alphabet[Number(rest & 31n)] + text;
  return text;
}

function number(text: string): bigint {
  return [...text].reduce((sum, char) => (sum << 5n) | BigInt(alphabet.indexOf(char)), 0n);
}
