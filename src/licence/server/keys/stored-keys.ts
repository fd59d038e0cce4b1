import { nowDate } from '../../../runtime/clock.ts';
import { planOf } from '../activations/verdicts.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { Licence } from '../store/licence.ts';
import { outboxPush } from '../store/outbox.ts';
import type { Plan } from '../store/plans.ts';
import { licenceKeyText } from './licence-key.ts';

/**
 * Licence keys as they are stored and shown.
 *
 * A key is looked up by its peppered hash; people recognise it by its last four characters. The key itself is returned
 * once, to whoever issues or rotates it; if the plan lets the portal show it again, it is also stored encrypted beside
 * the hash.
 */
type KeyOf = Pick<Licence, '_id' | 'keyGeneration'>;

/** The key of this generation, as it was or would be issued. */
export function keyTextOf(context: ServerContext, { _id, keyGeneration }: KeyOf): string {
  return licenceKeyText(context.keys.licenceKeyBytes(_id, keyGeneration));
}

/** The fields of a key that its licence stores. */
export function heldKey(
  context: ServerContext,
  plan: Plan,
  licence: KeyOf,
): Pick<Licence, 'keyHash' | 'keyLast4' | 'keyGeneration' | 'sealedKey'> {
  const key = keyTextOf(context, licence);
  return {
    keyHash: context.keys.peppered(key),
    keyLast4: key.slice(-4),
    keyGeneration: licence.keyGeneration,
    sealedKey: plan.data.keyReveal === 'again' ? context.keys.seal(key, purposeOf(licence)) : null,
  };
}

function purposeOf({ _id, keyGeneration }: KeyOf): string {
  return `licence key ${_id} ${keyGeneration}`;
}

/** Whether the portal can show the key now: the plan still allows it, and the key was stored when it was created. */
export function canShowKey(licence: Licence, plan: Plan): boolean {
  return Boolean(licence.sealedKey) && plan.data.keyReveal === 'again';
}

/** Shows the key again (audited). Throws KEY_NOT_SHOWN. */
export async function showKey(context: ServerContext, licence: Licence, by: Actor): Promise<string> {
  const { sealedKey } = licence;
  if (!sealedKey || !canShowKey(licence, await planOf(context, licence))) throw new Refusal('KEY_NOT_SHOWN');
  const key = context.keys.unseal(sealedKey, purposeOf(licence));
  const what = { keyLast4: licence.keyLast4 };
  const about = { ...by, at: nowDate(), action: 'license.key-shown', licenceId: licence._id };
  await audit(context, auditNote({ ...about, after: what }));
  return key;
}

/** Of how many rotations a licence remembers the idempotency keys. */
const rememberedRotations = 50;

/** Whether this call made the current key. Throws IDEMPOTENCY_CONFLICT if it made one that was replaced since. */
function wasRotatedBy({ keyRotatedBy = [] }: Licence, idempotencyKey: string): boolean {
  if (keyRotatedBy.at(-1) === idempotencyKey) return true;
  if (!keyRotatedBy.includes(idempotencyKey)) return false;
  throw new Refusal(
    'IDEMPOTENCY_CONFLICT',
    'The licence key that this idempotency key made was replaced since: use a new key to rotate again.',
  );
}

/**
 * Replaces the key: the old one is unknown from now on, running nodes keep running. Repeating the idempotency key
 * returns the same new key while that is the current one. Throws LICENSE_REVOKED, LICENSE_CHANGED and, once the key
 * that it made was replaced, IDEMPOTENCY_CONFLICT.
 */
export async function rotateKey(
  context: ServerContext,
  licence: Licence,
  call: Actor & { idempotencyKey: string },
): Promise<{ licence: Licence; licenceKey: string }> {
  const { actor, requestId, idempotencyKey } = call;
  if (licence.revokedAt !== null) throw new Refusal('LICENSE_REVOKED');
  if (wasRotatedBy(licence, idempotencyKey)) return { licence, licenceKey: keyTextOf(context, licence) };
  const next = { _id: licence._id, keyGeneration: licence.keyGeneration + 1 };
  const held = { ...heldKey(context, await planOf(context, licence), next) };
  const still = { keyGeneration: licence.keyGeneration, revokedAt: null };
  const note = auditNote({
    ...{ actor, requestId, licenceId: licence._id },
    at: nowDate(),
    action: 'license.key-rotated',
    before: { keyLast4: licence.keyLast4, generation: licence.keyGeneration },
    after: { keyLast4: held.keyLast4, generation: held.keyGeneration },
  });
  const before = await context.db.licences.change(licence._id, still, {
    $set: held,
    $push: { keyRotatedBy: { $each: [idempotencyKey], $slice: -rememberedRotations }, ...outboxPush([note]) },
  });
  if (before === null) {
    const now = await context.db.licences.find(licence._id);
    if (now === null || !wasRotatedBy(now, idempotencyKey)) throw new Refusal('LICENSE_CHANGED');
    return { licence: now, licenceKey: keyTextOf(context, now) };
  }
  await audit(context, note);
  return { licence: { ...before, ...held }, licenceKey: keyTextOf(context, next) };
}
