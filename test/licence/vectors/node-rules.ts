import { type Anchor, resume, serverTime, snapshotOf } from '../../../src/licence/client/grace.ts';
import { retryDelay } from '../../../src/licence/client/schedule.ts';
import { VerdictClaims } from '../../../src/licence/protocol/verdict.ts';
import type { ClockVector, RestartVector, RetryDelay } from './shape.ts';

const hour = 3_600_000;
const limits = { firstMs: 30_000, maxMs: 600_000, intervalMs: hour, retryAfterMs: 0 };

export const retryDelays: RetryDelay[] = [
  ...[1, 2, 3, 4, 5, 6, 20].map((failures) => delays(failures, limits)),
  delays(1, { ...limits, intervalMs: 10_000 }),
  delays(2, { ...limits, retryAfterMs: 1_800_000 }),
  delays(2, { ...limits, retryAfterMs: 86_400_000 }),
];

function delays(failures: number, given: typeof limits): RetryDelay {
  return { failures, ...given, least: retryDelay(failures, given, 0), most: retryDelay(failures, given, 1) };
}

const server = Date.parse('2030-01-15T12:00:00.000Z');
const iat = server / 1000;
const claims = {
  iss: 'urn:freehold:licence',
  aud: 'example-product',
  sub: 'act_0000000000000000',
  jti: 'n1-check-1',
  seq: 1,
  lic: {
    id: 'lic_0000000000000000',
    kind: 'subscription',
    status: 'ACTIVE',
    plan: 'TEAM',
    planRev: 1,
    periodEnd: null,
    updatesUntil: null,
  },
  limits: {},
  features: {},
  chk: { intervalSec: 3600, graceSec: 86_400, jitterPct: 10, enforcement: 'readonly' },
  notices: [],
};
const anchor: Anchor = { server, local: server + 7000, monotonic: 5_000_000 };

export const clocks: ClockVector[] = [
  clock('One hour later.', hour),
  clock('Half of the grace period is over.', 12 * hour),
  clock('Three quarters.', 18 * hour),
  clock('Nine tenths.', 21.6 * hour),
  clock('One second before the end.', 24 * hour - 1000),
  clock('The end.', 24 * hour),
  clock('The wall clock stands, the process runs on: it ends all the same.', 24 * hour, 0),
  clock('The machine slept: the monotonic clock stood, the wall clock ran on.', 0, 24 * hour),
  clock('The wall clock was set back by two days while the process ran.', 12 * hour, -36 * hour),
];

function clock(about: string, monotonicMs: number, wallMs = monotonicMs): ClockVector {
  const at = { now: anchor.local + wallMs, monotonic: anchor.monotonic + monotonicMs };
  const verdict = { iat, exp: iat + 86_400 };
  const situation = {
    verdict: VerdictClaims.parse({ ...claims, ...verdict }),
    lock: null,
    rolledBack: false,
    anchor,
    failure: { code: 'CONNECTION_ERROR' as const, text: undefined },
    activationId: claims.sub,
    nextCheckAt: null,
    offline: false,
  };
  const { state, notices } = snapshotOf(situation, at);
  return { about, verdict, anchor, at, serverTime: serverTime(anchor, at), state, notice: notices[0]?.code ?? null };
}

const mark = { server, local: server + 7000 };

export const restarts: RestartVector[] = [
  restart('Off for an hour.', hour),
  restart('At once.', 0),
  restart('The clock was set back by five minutes: not counted as set back.', -300_000),
  restart('One millisecond more: it was.', -300_001),
  restart('The clock was set back by two days.', -48 * hour),
];

function restart(about: string, ms: number): RestartVector {
  const now = mark.local + ms;
  const { anchor: next, rolledBack } = resume(mark, { now, monotonic: 0 });
  return { about, mark, now, server: next.server, rolledBack };
}
