import { randomBytes } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

function id(prefix: string): string {
  return prefix + Array.from(randomBytes(16), (byte) => alphabet[byte & 31]).join('');
}

/** Ids of this server's records, in the shapes that the protocol names. */
export const newLicenceId = () => id('lic_');
export const newActivationId = () => id('act_');
export const newRequestId = () => id('req_');
