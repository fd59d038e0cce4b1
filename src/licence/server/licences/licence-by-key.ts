import { timingSafeEqual } from 'node:crypto';
import { now } from '../../../runtime/clock.ts';
import type { ValidateAnswer } from '../../protocol/answers.ts';
import type { ValidateRequest } from '../../protocol/requests.ts';
import { seatsUsed } from '../activations/verdicts.ts';
import type { Caller } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { licenceKeyFaults, normaliseLicenceKey } from '../keys/licence-key.ts';
import { versionRefusal } from '../perpetual/perpetual.ts';
import { Refusal } from '../refusal.ts';
import type { Licence } from '../store/licence.ts';
import { licenceStatus, statusDetail } from './licence-status.ts';

/**
 * The licence of a key. An unknown key and a key of another product get the same refusal, INVALID_LICENSE_SECRET, after
 * the same work. A text that cannot be a key is refused by its form alone, without a database read, and the detail says
 * what is wrong with it.
 */
export async function proveByKey(
  context: ServerContext,
  proof: { licenceKey: string; product?: string | undefined },
  caller: Caller,
): Promise<Licence> {
  const key = normaliseLicenceKey(proof.licenceKey);
  if (key === null) {
    const mistyped = `This is not a licence key as it is issued. ${licenceKeyFaults(proof.licenceKey).join(' ')}`;
    throw context.failures.failed(caller.address, new Refusal('INVALID_LICENSE_SECRET', mistyped));
  }
  const hash = context.keys.peppered(key);
  const licence = await context.db.licences.byKeyHash(hash);
  const same = timingSafeEqual(Buffer.from(hash), Buffer.from(licence?.keyHash ?? '0'.repeat(hash.length)));
  if (licence === null || !same || licence.product !== (proof.product ?? licence.product)) {
    throw context.failures.failed(caller.address, new Refusal('INVALID_LICENSE_SECRET'));
  }
  return licence;
}

/** Reports whether a key is valid; never takes a seat. */
export async function validate(context: ServerContext, body: ValidateRequest, caller: Caller): Promise<ValidateAnswer> {
  const about = { ts: new Date(now()).toISOString(), nonce: body.nonce ?? null };
  const { licenseKey: licenceKey, product } = body;
  const licence = await proveByKey(context, { licenceKey, product }, caller);
  const status = licenceStatus(licence, now());
  const seats = { limit: licence.seatLimits.production, used: seatsUsed(licence, 'production') };
  const node = { version: body.version ?? null, mode: 'production' as const };
  const refusal =
    status !== 'ACTIVE'
      ? { code: 'SUBSCRIPTION_NOT_ACTIVE' as const, detail: statusDetail(status, licence) }
      : body.version === undefined
        ? null
        : await versionRefusal(context, licence, node);
  const worth = refusal ?? { code: 'VALID' as const, detail: 'The licence is active.' };
  return { valid: refusal === null, ...worth, ...about, plan: licence.plan, seats };
}
