const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** An id: its prefix and 16 characters, derived from the same number of bytes. */
export function idText(prefix: string, bytes: Buffer): string {
  return prefix + Array.from(bytes.subarray(0, 16), (byte) => alphabet[byte & 31]).join('');
}
