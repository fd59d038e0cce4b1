import { nowDate } from '../../../runtime/clock.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { rotateKey } from '../keys/stored-keys.ts';
import { Refusal } from '../refusal.ts';
import type { Licence } from '../store/licence.ts';
import { pushToOutbox } from '../store/outbox.ts';
import { knownLicence } from './licences-admin.ts';

/**
 * Moves a licence to another account; its nodes keep running. Unless told otherwise the key is rotated first, because
 * the previous account knows it. Once per idempotency key. Throws SUBSCRIPTION_NOT_FOUND, LICENSE_REVOKED,
 * LICENSE_CHANGED and, once the key that it made was replaced, IDEMPOTENCY_CONFLICT.
 */
export async function transferLicence(
  context: ServerContext,
  licenceId: string,
  request: { account: string; rotateKey: boolean },
  call: Actor & { idempotencyKey: string },
): Promise<{ licence: Licence; licenceKey: string | undefined }> {
  const held = await knownLicence(context, licenceId);
  if (held.revokedAt !== null) throw new Refusal('LICENSE_REVOKED');
  const rotated = request.rotateKey ? await rotateKey(context, held, call) : undefined;
  const account = held.account ?? null;
  if (account !== request.account) {
    const { actor, requestId } = call;
    const change = { before: { account }, after: { account: request.account } };
    const note = auditNote({ actor, requestId, licenceId, ...change, at: nowDate(), action: 'license.transferred' });
    const update = { $set: { account: request.account }, ...pushToOutbox(note) };
    const before = await context.db.licences.change(licenceId, { revokedAt: null, account }, update);
    if (before !== null) await audit(context, note);
    else if ((await knownLicence(context, licenceId)).account !== request.account) throw new Refusal('LICENSE_CHANGED');
  }
  return { licence: await knownLicence(context, licenceId), licenceKey: rotated?.licenceKey };
}
