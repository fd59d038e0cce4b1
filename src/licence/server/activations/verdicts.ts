import { SignJWT } from 'jose';
import { now } from '../../../runtime/clock.ts';
import { licenceCodes } from '../../protocol/codes.ts';
import type { SeatMode } from '../../protocol/requests.ts';
import { type Notice, type VerdictClaims, verdictAlgorithm, verdictType } from '../../protocol/verdict.ts';
import type { ServerContext } from '../context.ts';
import { effectiveEntitlements, exceededLimits } from '../licences/entitlements.ts';
import { endOf, licenceStatus, standingNotices } from '../licences/licence-status.ts';
import { updatesUntil } from '../perpetual/fallback.ts';
import { Refusal } from '../refusal.ts';
import type { Activation } from '../store/activations.ts';
import type { Licence } from '../store/licence.ts';
import { type Plan, planId } from '../store/plans.ts';
import { isStrict } from './lease.ts';

/** The plan of a licence, at least as new as the revision that the licence has seen. */
export async function planOf(context: ServerContext, licence: Licence): Promise<Plan> {
  const plan = await context.db.plans.atLeast(planId(licence.product, licence.plan), licence.planDataRevision);
  if (plan === null) throw new Error(`The plan ${licence.product}/${licence.plan} of ${licence._id} is gone.`);
  return plan;
}

export type VerdictRefusal = Omit<NonNullable<VerdictClaims['refusal']>, 'num'>;

export interface VerdictInput {
  licence: Licence;
  plan: Plan;
  activation: Pick<Activation, '_id' | 'mode' | 'usage' | 'leaseUntil'>;
  seq: number;
  /** Becomes `jti`. */
  requestId: string;
  nonce: string | undefined;
  refusal?: VerdictRefusal;
}

export function seatsUsed(licence: Licence, mode: SeatMode): number {
  return licence.seats.filter((seat) => seat.mode === mode).length;
}

function noticesFor({ licence, activation }: VerdictInput, limits: VerdictClaims['limits']): Notice[] {
  const notices = standingNotices(licence);
  const used = seatsUsed(licence, activation.mode);
  const limit = licence.seatLimits[activation.mode];
  if (used > limit) {
    notices.push({
      code: 'OVER_LIMIT',
      text: `${used} nodes run on ${limit} seats; no further node can be activated.`,
    });
  }
  for (const name of exceededLimits(limits, activation.usage)) {
    notices.push({ code: 'QUOTA_EXCEEDED', text: `More ${name} are in use than the plan allows (${limits[name]}).` });
  }
  return notices;
}

/** The licence's part of the signed claims. */
export function licenceClaims(licence: Licence, at: number): VerdictClaims['lic'] {
  return {
    id: licence._id,
    kind: licence.kind,
    status: licenceStatus(licence, at),
    plan: licence.plan,
    planRev: licence.planRev,
    periodEnd: (licence.standing.endsAt ?? licence.standing.paidUntil)?.toISOString() ?? null,
    updatesUntil: licence.perpetual ? updatesUntil(licence.perpetual.window) : null,
  };
}

/** Signs the licence's current state for this activation. */
export async function signVerdict(
  context: ServerContext,
  input: VerdictInput,
): Promise<{ verdict: string; notices: Notice[] }> {
  const { licence, plan, activation, refusal } = input;
  const at = now();
  const { intervalSec, graceSec, jitterPct } = plan.data.check;
  const { limits, features } = effectiveEntitlements(plan.data, licence);
  const endsAt = endOf(licence)?.getTime();
  const iat = Math.floor(at / 1000);
  const leaseEnd = Math.floor(activation.leaseUntil.getTime() / 1000);
  const graceUntil = isStrict(plan.data) && refusal === undefined ? Math.min(iat + graceSec, leaseEnd) : iat + graceSec;
  // A cancelled licence ends at that moment for an offline node, too.
  const exp = endsAt !== undefined && endsAt > at ? Math.min(graceUntil, Math.ceil(endsAt / 1000)) : graceUntil;
  const notices = noticesFor(input, limits);
  const claims: VerdictClaims = {
    iss: context.settings.issuer,
    aud: licence.product,
    sub: activation._id,
    jti: input.requestId,
    ...(input.nonce === undefined ? {} : { nonce: input.nonce }),
    iat,
    exp,
    seq: input.seq,
    lic: licenceClaims(licence, at),
    limits,
    features,
    chk: { intervalSec, graceSec, jitterPct, enforcement: plan.data.enforcement },
    notices,
    ...(refusal === undefined ? {} : { refusal: { ...refusal, num: licenceCodes[refusal.code].num } }),
  };
  const { kid, key } = context.keys.signing;
  const verdict = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: verdictAlgorithm, kid, typ: verdictType })
    .sign(key);
  return { verdict, notices };
}

/** A signed refusal, which locks the node. */
export async function signedRefusal(
  context: ServerContext,
  input: VerdictInput & { refusal: VerdictRefusal },
): Promise<Refusal> {
  const { verdict } = await signVerdict(context, input);
  return new Refusal(input.refusal.code, input.refusal.detail, { verdict });
}
