import { createHash, randomBytes } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => alphabet[byte & 31]).join('');
}

function randomText(length: number): string {
  return textOf(randomBytes(length));
}

/** Creates ids of our records, in the formats of `ids.ts`. Not for workflow code, which gets its ids as input. */
export const newId = {
  account: () => `acc_${randomText(16)}`,
  member: () => `mem_${randomText(16)}`,
  invitation: () => `inv_${randomText(16)}`,
  quote: () => `quo_${randomText(16)}`,
  order: () => `ord_${randomText(16)}`,
  instance: () => `i${randomText(16)}`,
  operation: () => `op_${randomText(16)}`,
  subscription: () => `sbs_${randomText(16)}`,
  request: () => `req_${randomText(16)}`,
  reconcileRun: () => `rec_${randomText(16)}`,
  cloudCheck: () => `chk_${randomText(16)}`,
  ticket: () => `tic_${randomText(16)}`,
};

/** The id of the operation that a request stands for: the same parts give the same id. */
export function operationIdFrom(parts: readonly string[]): string {
  return `op_${textFrom(parts)}`;
}

/** The id of an incident, from what it is about. */
export function incidentIdFrom(parts: readonly string[]): string {
  return `inc_${textFrom(parts)}`;
}

function textFrom(parts: readonly string[]): string {
  return textOf(createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16));
}

/** A secret that its holder sends back (hold token, capability, session): 256 random bits, base64url. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
