import { randomBytes } from 'node:crypto';
import { now, nowDate } from '../../../runtime/clock.ts';
import type { ClaimAnswer, ClaimPollAnswer, ClaimRequest, ClaimView } from '../../protocol/claims.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor, Caller } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { keyTextOf } from '../keys/stored-keys.ts';
import { licenceStatus } from '../licences/licence-status.ts';
import { licenceOfAccount } from '../portal/account-scope.ts';
import type { Member } from '../portal/account-tokens.ts';
import { Refusal } from '../refusal.ts';
import type { Claim } from '../store/claims.ts';

const day = 86_400_000;

/** Starts a claim, and ends older ones of the same cluster that were not approved. Throws UNKNOWN_PRODUCT_OR_PLAN. */
export async function beginClaim(context: ServerContext, request: ClaimRequest, caller: Caller): Promise<ClaimAnswer> {
  const { settings, db, keys } = context;
  if ((await db.products.find(request.product)) === null) throw new Refusal('UNKNOWN_PRODUCT_OR_PLAN');
  const claimToken = `clm_${randomBytes(32).toString('base64url')}`;
  const createdAt = nowDate();
  const claim: Claim = {
    _id: keys.peppered(claimToken),
    userCode: newUserCode(),
    clusterId: request.clusterId,
    product: request.product,
    status: 'pending',
    createdAt,
    expiresAt: new Date(createdAt.getTime() + settings.claimMs),
    licenceId: null,
    account: null,
    approvedBy: null,
  };
  await db.claims.insert(claim);
  await db.claims.supersede(claim);
  // Anybody can start a claim, so the append-only audit log begins with a member's decision.
  const { clusterId, product } = claim;
  context.log.info({ clusterId, product, ...caller }, 'claim started');
  const userCode = shownCode(claim.userCode);
  return {
    claimToken,
    userCode,
    verifyUrl: `${settings.claimUrl}?code=${userCode}`,
    expiresIn: Math.floor(settings.claimMs / 1000),
    interval: settings.claimIntervalSec,
  };
}

/** The state of a claim. The key is returned by one answer only; a node that misses it starts a new claim. */
export async function pollClaim(context: ServerContext, token: string, caller: Caller): Promise<ClaimPollAnswer> {
  const { settings, db, keys, polls } = context;
  const interval = settings.claimIntervalSec;
  // A little less than the interval, so that a punctual node never counts as polling too fast.
  if (polls.isEarly(token, interval * 800)) return { status: 'PENDING', interval };
  const claim = await db.claims.find(keys.peppered(token));
  if (claim === null) {
    const limited = context.failures.failed(caller.address, new Refusal('CLAIM_NOT_FOUND'));
    if (limited.code === 'RATE_LIMITED') throw limited;
    return { status: 'EXPIRED', interval };
  }
  if (claim.expiresAt.getTime() > now()) {
    if (claim.status === 'pending') {
      polls.answeredPending(token);
      return { status: 'PENDING', interval };
    }
    if (claim.status === 'approved') {
      const licenseKey = await release(context, claim, caller);
      if (licenseKey !== null) return { status: 'ACTIVATED', interval, licenseKey };
    }
  }
  polls.forget(token);
  return { status: 'EXPIRED', interval };
}

async function release(context: ServerContext, claim: Claim, caller: Caller): Promise<string | null> {
  const licence = await context.db.licences.find(String(claim.licenceId));
  // Since the decision it may have been transferred or have ended.
  if (licence === null || licence.account !== claim.account || licenceStatus(licence, now()) !== 'ACTIVE') return null;
  const at = nowDate();
  const details = { clusterId: claim.clusterId, approvedBy: claim.approvedBy };
  const event = { type: 'claim.completed', key: '', at, details } as const;
  const about = { actor: 'node', requestId: caller.requestId, licenceId: licence._id };
  const after = { ...details, address: caller.address };
  const note = auditNote({ ...about, at, action: 'claim.completed', after });
  if ((await context.db.claims.complete(claim, [event, note], at)) === null) return null;
  await audit(context, note);
  return keyTextOf(context, licence);
}

/** Throws CLAIM_NOT_FOUND. */
export async function showClaim(context: ServerContext, userCode: string, member: Member): Promise<ClaimView> {
  return viewOf(await openClaim(context, userCode, member));
}

/**
 * Assigns a licence of the account to the node. Throws CLAIM_NOT_FOUND, SUBSCRIPTION_NOT_FOUND, CLAIM_LICENSE_REJECTED.
 */
export async function approveClaim(
  context: ServerContext,
  userCode: string,
  licenceId: string,
  by: Member & Actor,
): Promise<ClaimView> {
  const claim = await openClaim(context, userCode, by);
  const licence = await licenceOfAccount(context, by.account, licenceId);
  if (licence.product !== claim.product) {
    throw new Refusal(
      'CLAIM_LICENSE_REJECTED',
      `The node runs ${claim.product}, the licence is for ${licence.product}.`,
    );
  }
  if (licenceStatus(licence, now()) !== 'ACTIVE') {
    throw new Refusal('CLAIM_LICENSE_REJECTED', 'The licence is not active.');
  }
  if (claim.status === 'approved' && claim.licenceId === licenceId) return viewOf(claim);
  const decision = { status: 'approved', licenceId, account: by.account, approvedBy: by.actor } as const;
  return viewOf(await decide(context, claim, decision, by));
}

/** Refuses a claim. Throws CLAIM_NOT_FOUND. */
export async function refuseClaim(context: ServerContext, userCode: string, by: Member & Actor): Promise<void> {
  const claim = await openClaim(context, userCode, by);
  await decide(context, claim, { status: 'refused', licenceId: null, account: by.account, approvedBy: null }, by);
}

async function decide(
  context: ServerContext,
  claim: Claim,
  decision: Pick<Claim, 'status' | 'licenceId' | 'account' | 'approvedBy'>,
  { actor, requestId }: Actor,
): Promise<Claim> {
  const at = nowDate();
  const { licenceId } = decision;
  const after = { clusterId: claim.clusterId, product: claim.product };
  const note = auditNote({ actor, requestId, at, action: `claim.${decision.status}`, licenceId, after });
  const decided = await context.db.claims.decide(claim, decision, note, at);
  if (decided === null) throw new Refusal('CLAIM_NOT_FOUND');
  await audit(context, note);
  return decided;
}

/** A claim that another account has approved is not visible here. */
async function openClaim(context: ServerContext, userCode: string, { account }: Member): Promise<Claim> {
  const claim = await context.db.claims.openByCode(userCode, nowDate());
  if (claim === null || (claim.account !== null && claim.account !== account)) throw new Refusal('CLAIM_NOT_FOUND');
  return claim;
}

/** Deletes claims a day after they have ended. */
export function forgetOldClaims(context: ServerContext): Promise<number> {
  return context.db.claims.forgetBefore(new Date(now() - day));
}

/** 40 bits that can be read aloud: no vowels, so no words, and no characters that look alike. */
function newUserCode(): string {
  const alphabet = '23456789BCDFGHJKLMNPQRSTVWXZ7923';
  return Array.from(randomBytes(8), (byte) => alphabet[byte & 31]).join('');
}

function shownCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

function viewOf(claim: Claim): ClaimView {
  return {
    userCode: shownCode(claim.userCode),
    clusterId: claim.clusterId,
    product: claim.product,
    status: claim.status === 'approved' ? 'approved' : 'pending',
    licenseId: claim.licenceId,
    requestedAt: claim.createdAt.toISOString(),
    expiresAt: claim.expiresAt.toISOString(),
  };
}
