import { type LicenceCode, licenceCodes } from '../protocol/codes.ts';
import type { Notice, VerdictClaims } from '../protocol/verdict.ts';
import type { LicenceReason, LicenceSnapshot } from './types.ts';

/**
 * How long a node keeps running without the server.
 *
 * The end of the grace period is the signed `exp`, in the server's time. That time is derived from an anchor: inside a
 * process by the monotonic or the local clock, whichever advanced further; across restarts from a mark in the state
 * file. So neither a restart, nor a frozen clock, nor one that was set back extends the grace period.
 */
export interface Anchor {
  /** Server time, ms since the epoch. */
  server: number;
  /** The local clocks at that moment. */
  local: number;
  monotonic: number;
}

/** A local clock further behind the mark than this was set back. ms */
const rollbackMs = 300_000;

export function serverTime(anchor: Anchor, at: { now: number; monotonic: number }): number {
  return anchor.server + Math.max(0, at.monotonic - anchor.monotonic, at.now - anchor.local);
}

/** The anchor after a restart, and whether the clock was set back meanwhile. */
export function resume(
  mark: { server: number; local: number },
  at: { now: number; monotonic: number },
): { anchor: Anchor; rolledBack: boolean } {
  return {
    anchor: { server: mark.server + Math.max(0, at.now - mark.local), local: at.now, monotonic: at.monotonic },
    rolledBack: at.now < mark.local - rollbackMs,
  };
}

/**
 * The clock rules with a licence file instead of the server: its `iat` is a signed moment before which no clock can be.
 * A file issued later than any before it resets the mark, which ends a CLOCK_ROLLBACK like a successful check; so does
 * a clock that was corrected.
 */
export function fileTime(
  { anchor, rolledBack }: Pick<Situation, 'anchor' | 'rolledBack'>,
  file: { iat: number; isNew: boolean },
  mark: { server: number; local: number },
  at: { now: number; monotonic: number },
): Pick<Situation, 'anchor' | 'rolledBack'> {
  const issued = file.iat * 1000;
  const isPossible = at.now >= issued - rollbackMs;
  if (file.isNew && isPossible) {
    const server = Math.max(issued, at.now);
    return { anchor: { server, local: at.now, monotonic: at.monotonic }, rolledBack: false };
  }
  if (rolledBack && isPossible) return resume(mark, at);
  return { anchor, rolledBack: rolledBack || serverTime(anchor, at) < issued - rollbackMs };
}

export interface Failure {
  code: LicenceCode;
  /** Overrides the sentence of the code if there is a more exact one. */
  text: string | undefined;
}

export interface Situation {
  verdict: VerdictClaims | null;
  lock: VerdictClaims | null;
  rolledBack: boolean;
  anchor: Anchor;
  /** Why the last attempt failed; null if it succeeded or none was made yet. */
  failure: Failure | null;
  activationId: string | null;
  nextCheckAt: number | null;
  /** Whether the verdict is from a licence file. */
  offline: boolean;
}

const steps = [
  { share: 0.9, code: 'GRACE_90', left: 'a tenth' },
  { share: 0.75, code: 'GRACE_75', left: 'a quarter' },
  { share: 0.5, code: 'GRACE_50', left: 'half' },
] as const;

function reasonOf(code: LicenceCode, text?: string): LicenceReason {
  const { num, title, remedy } = licenceCodes[code];
  return { code, num, text: text ?? title, remedy };
}

/** The state of the licence at this moment. */
export function snapshotOf(situation: Situation, at: { now: number; monotonic: number }): LicenceSnapshot {
  const { verdict, lock, anchor, failure, activationId, nextCheckAt } = situation;
  const reasonOfFailure = failure === null ? null : reasonOf(failure.code, failure.text);
  if (verdict === null && lock === null) {
    return {
      state: 'NONE',
      reason: reasonOfFailure,
      effect: 'readonly',
      revision: 0,
      plan: null,
      limits: {},
      features: {},
      notices: [],
      activationId,
      lastGoodCheckAt: null,
      graceUntil: null,
      nextCheckAt,
      verdict: null,
    };
  }
  const latest = lock ?? (verdict as VerdictClaims);
  const known = {
    revision: latest.lic.planRev,
    plan: latest.lic.plan,
    limits: latest.limits,
    features: latest.features,
    activationId,
    lastGoodCheckAt: verdict === null ? null : verdict.iat * 1000,
    graceUntil: verdict === null ? null : Math.round(anchor.local + verdict.exp * 1000 - anchor.server),
    nextCheckAt,
    verdict: latest,
  };
  const locked = lockReason(situation, at, reasonOfFailure);
  if (locked !== null) {
    return { ...known, state: 'LOCKED', reason: locked, effect: latest.chk.enforcement, notices: latest.notices };
  }
  const server = serverTime(anchor, at);
  if (failure === null) {
    const ends = situation.offline ? endNotices(latest, server) : [];
    return { ...known, state: 'OK', reason: null, effect: 'none', notices: [...latest.notices, ...ends] };
  }
  const notices = [...latest.notices, ...graceNotices(verdict as VerdictClaims, server)];
  return { ...known, state: 'GRACE', reason: reasonOfFailure, effect: 'none', notices };
}

function lockReason(
  { verdict, lock, rolledBack, anchor, offline }: Situation,
  at: { now: number; monotonic: number },
  lastFailure: LicenceReason | null,
): LicenceReason | null {
  if (lock?.refusal !== undefined) return reasonOf(lock.refusal.code, lock.refusal.detail);
  if (rolledBack) return reasonOf('CLOCK_ROLLBACK');
  if (verdict !== null && serverTime(anchor, at) < verdict.exp * 1000) return null;
  if (offline) return reasonOf('OFFLINE_FILE_EXPIRED');
  const { title } = licenceCodes.GRACE_EXPIRED;
  return reasonOf('GRACE_EXPIRED', lastFailure === null ? title : `${title} ${lastFailure.text}`);
}

/** In the last quarter of a licence file, while there is still time to have a new one issued. */
function endNotices({ iat, exp }: VerdictClaims, server: number): Notice[] {
  if (server / 1000 < iat + (exp - iat) * 0.75) return [];
  return [{ code: 'ENDS_AT', text: `The licence file expires at ${new Date(exp * 1000).toISOString()}.` }];
}

function graceNotices(verdict: VerdictClaims, server: number): Notice[] {
  const used = (server / 1000 - verdict.iat) / (verdict.exp - verdict.iat);
  const step = steps.find(({ share }) => used >= share);
  if (step === undefined) return [];
  return [{ code: step.code, text: `Less than ${step.left} of the grace period is left.` }];
}

/** When the state changes next without an answer, as ms from now; null if only an answer can change it. */
export function nextTurn(situation: Situation, at: { now: number; monotonic: number }): number | null {
  const { verdict, lock, rolledBack, anchor } = situation;
  if (verdict === null || lock !== null || rolledBack) return null;
  const server = serverTime(anchor, at);
  const [iat, exp] = [verdict.iat * 1000, verdict.exp * 1000];
  const turns = [0.5, 0.75, 0.9, 1].map((share) => iat + (exp - iat) * share).filter((turn) => turn > server);
  return turns.length === 0 ? null : Math.min(...turns) - server;
}
