import { today } from '../../../runtime/clock.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor, ServerContext } from '../context.ts';
import { rotateKey } from '../keys/key-care.ts';
import { Refusal } from '../refusal.ts';
import type { Licence } from '../store/licence.ts';
import { telling } from '../store/outbox.ts';
import { knownLicence } from './licences-admin.ts';

/**
 * Gives a licence to another account; its nodes run on. Unless told otherwise the key is rotated first, because the
 * account before knows it. Once per idempotency key. Throws SUBSCRIPTION_NOT_FOUND, LICENSE_REVOKED, LICENSE_CHANGED.
 */
export async function transferLicence(
  context: ServerContext,
  licenceId: string,
  wish: { account: string; rotateKey: boolean },
  call: Actor & { idempotencyKey: string },
): Promise<{ licence: Licence; licenceKey: string | undefined }> {
  const held = await knownLicence(context, licenceId);
  if (held.revokedAt !== null) throw new Refusal('LICENSE_REVOKED');
  const rotated = wish.rotateKey ? await rotateKey(context, held, call) : undefined;
  const account = held.account ?? null;
  if (account !== wish.account) {
    const { actor, requestId } = call;
    const change = { before: { account }, after: { account: wish.account } };
    const note = auditNote({ actor, requestId, licenceId, ...change, at: today(), action: 'license.transferred' });
    const update = { $set: { account: wish.account }, ...telling(note) };
    const before = await context.db.licences.change(licenceId, { revokedAt: null, account }, update);
    if (before !== null) await audit(context, note);
    else if ((await knownLicence(context, licenceId)).account !== wish.account) throw new Refusal('LICENSE_CHANGED');
  }
  return { licence: await knownLicence(context, licenceId), licenceKey: rotated?.licenceKey };
}
