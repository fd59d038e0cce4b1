import { randomBytes } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** Id of a record of this server: the prefix and 80 random bits in lower-case Crockford base32. */
export function newHostId(prefix: 'usr' | 'dom' | 'brd' | 'plg' | 'dev'): string {
  return `${prefix}_${Array.from(randomBytes(16), (byte) => alphabet[byte & 31]).join('')}`;
}
