import { createHash } from 'node:crypto';
import { idText } from '../../../src/licence/server/id-text.ts';

/**
 * The basis of the test vectors: a clock that stands still until it is advanced, and ids in a fixed order. `make.ts`
 * substitutes this file for `src/runtime/clock.ts` and `src/licence/server/ids.ts`, the only two sources of time and
 * randomness that reach an answer of the licence server.
 */
const start = Date.parse('2030-01-15T12:00:00.000Z');
let at = start;

/** Advances time, in ms. */
export function pass(ms: number): void {
  at += ms;
}

export const now = () => at;
export const nowDate = () => new Date(at);
export const monotonic = () => at - start;

const counts = new Map<string, number>();

function id(prefix: string): string {
  const count = (counts.get(prefix) ?? 0) + 1;
  counts.set(prefix, count);
  return idText(prefix, createHash('sha256').update(`${prefix}${count}`).digest());
}

export const newLicenceId = () => id('lic_');
export const newActivationId = () => id('act_');
export const newRequestId = () => id('req_');
export const newWebhookId = () => id('whk_');
export const newOfflineFileId = () => id('off_');
