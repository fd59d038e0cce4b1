import { today } from '../../contracts/clock.ts';
import { type Actor, audit, type ServerContext } from './context.ts';
import { rotateKey } from './key-care.ts';
import { knownLicence } from './licences-admin.ts';
import { Refusal } from './refusal.ts';
import type { Licence } from './store/licences.ts';

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
  const still = { revokedAt: null, account: { $ne: wish.account } };
  const before = await context.db.licences.change(licenceId, still, { $set: { account: wish.account } });
  if (before !== null) {
    const { actor, requestId } = call;
    const change = { before: { account: before.account ?? null }, after: { account: wish.account } };
    const about = { actor, requestId, licenceId };
    await audit(context, { ...about, ...change, at: today(), action: 'license.transferred' });
  }
  return { licence: await knownLicence(context, licenceId), licenceKey: rotated?.licenceKey };
}
