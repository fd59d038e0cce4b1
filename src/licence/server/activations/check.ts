import { now, nowDate } from '../../../runtime/clock.ts';
import type { CheckAnswer } from '../../protocol/answers.ts';
import type { CheckRequest } from '../../protocol/requests.ts';
import type { LicenceStatus } from '../../protocol/verdict.ts';
import type { Caller } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { newRequestId } from '../ids.ts';
import { secretHash } from '../keys/keys.ts';
import { licenceStatus, statusDetail } from '../licences/licence-status.ts';
import { noteRefusedVersion, versionRefusal } from '../perpetual/perpetual.ts';
import { Refusal } from '../refusal.ts';
import { holdsSeat } from '../seats/seats.ts';
import { type Activation, historyLength } from '../store/activations.ts';
import type { Licence } from '../store/licence.ts';
import { type OutboxEvent, outboxPush } from '../store/outbox.ts';
import type { Plan } from '../store/plans.ts';
import { backEvent, keepLease, leaseFrom } from './lease.ts';
import { bootName, type Judgement, judgeSecret, type Presented } from './rotation.ts';
import { noteCopy } from './suspect-copy.ts';
import { planOf, signedRefusal, signVerdict, type VerdictRefusal } from './verdicts.ts';

interface Round {
  activation: Activation;
  licence: Licence;
  plan: Plan;
  body: CheckRequest;
  presented: Presented;
  /** requestId of the check, or a new one for a client that sends none. */
  requestId: string;
}

/**
 * Answers a check: rotates the secret, or repeats a lost answer, and signs the current state of the licence.
 *
 * Signed refusals: SUBSCRIPTION_NOT_ACTIVE, INSTANCE_NOT_ACTIVE, CLONE_SUSPECTED, STALE_SECRET and, for perpetual
 * licences, UNSUPPORTED_SOFTWARE_VERSION and UNKNOWN_RELEASE. None of them rotates, so the requestId stays valid.
 * Unsigned, so that they never lock: INSTANCE_NOT_FOUND, SUBSCRIPTION_NOT_FOUND, INVALID_SECRET, RATE_LIMITED.
 */
export async function check(
  context: ServerContext,
  activationId: string,
  body: CheckRequest,
  caller: Caller,
): Promise<{ answer: CheckAnswer; replay: boolean }> {
  const presented: Presented = {
    hash: secretHash(body.secret),
    requestId: body.requestId,
    bootId: body.bootId ?? null,
  };
  const requestId = body.requestId ?? newRequestId();
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const { activation, judgement } = await judged(context, activationId, presented, caller.address);
    // Each request counts once; copies are counted separately, so they never use up the original's limit.
    if (attempt === 0 && judgement !== 'replay') {
      context.checks.take(judgement === 'clone' || judgement === 'stale' ? `copy of ${activationId}` : activationId);
    }
    const licence = await context.db.licences.find(activation.licenceId);
    if (licence === null) throw new Refusal('SUBSCRIPTION_NOT_FOUND');
    const plan = await planOf(context, licence);
    const round: Round = { activation, licence, plan, body, presented, requestId };
    await refuseEnded(context, round);
    const answer = await answerRound(context, round, judgement, caller);
    if (answer !== null) return { answer, replay: judgement !== 'rotate' };
    // A concurrent check of the same node was faster: judge the secret again against the new state.
  }
  throw new Refusal('SERVICE_UNAVAILABLE', 'The check met too many concurrent changes.', { retryAfterSec: 1 });
}

/** The activation, and what presenting this secret means. Throws INSTANCE_NOT_FOUND, INVALID_SECRET, RATE_LIMITED. */
export async function judged(
  context: ServerContext,
  activationId: string,
  presented: Presented,
  address: string,
): Promise<{ activation: Activation; judgement: Exclude<Judgement, 'unknown'> }> {
  const activation = await context.db.activations.find(activationId);
  if (activation === null || activation.status === 'pending') {
    throw context.failures.failed(address, new Refusal('INSTANCE_NOT_FOUND'));
  }
  const { sameBootMs, bootsPerSecret } = context.settings;
  const judgement = judgeSecret(activation, presented, { now: now(), sameBootMs, bootsPerSecret });
  if (judgement === 'unknown') throw context.failures.failed(address, new Refusal('INVALID_SECRET'));
  return { activation, judgement };
}

/** How a node lost its seat, by the final status of its activation. */
const endings = {
  expired: 'The node did not check in time and another node needed the seat.',
  replaced: 'Another node with the same name took over the seat.',
  deactivated: 'The node was deactivated by an administrator.',
  reduced: 'The licence was renewed with fewer seats, and this was one of its newest nodes.',
  released: 'The node released its seat.',
  revoked: 'The licence that this node ran on was revoked.',
} as const;

function refuse(context: ServerContext, round: Round, refusal: VerdictRefusal): Promise<Refusal> {
  const { licence, plan, activation, requestId, body } = round;
  const { seq } = activation.secret;
  return signedRefusal(context, { licence, plan, activation, seq, requestId, nonce: body.nonce, refusal });
}

async function refuseEnded(context: ServerContext, round: Round): Promise<void> {
  const { activation, licence } = round;
  const status = licenceStatus(licence, now());
  if (status === 'REVOKED') throw await refuse(context, round, inactive(status, licence));
  // The ledger decides: an interrupted takeover leaves this activation active but without a seat.
  if (activation.status === 'active' && holdsSeat(licence, activation._id)) return;
  const cause = activation.status in endings ? (activation.status as keyof typeof endings) : 'replaced';
  throw await refuse(context, round, { code: 'INSTANCE_NOT_ACTIVE', cause, detail: endings[cause] });
}

function inactive(status: Exclude<LicenceStatus, 'ACTIVE'>, licence: Licence): VerdictRefusal {
  return { code: 'SUBSCRIPTION_NOT_ACTIVE', detail: statusDetail(status, licence) };
}

async function answerRound(
  context: ServerContext,
  round: Round,
  judgement: Exclude<Judgement, 'unknown'>,
  caller: Caller,
): Promise<CheckAnswer | null> {
  const { activation, body, licence } = round;
  if (judgement === 'clone' || judgement === 'stale') throw await refuseCopy(context, round, judgement, caller);
  const status = licenceStatus(licence, now());
  if (status !== 'ACTIVE') {
    // The seat is kept in case the licence is reinstated.
    await keepLease(context, activation, round.plan);
    throw await refuse(context, round, inactive(status, licence));
  }
  const version = body.version ?? activation.version;
  const refusal = await versionRefusal(context, licence, { version, mode: activation.mode });
  if (refusal !== null) {
    // The seat is kept in case the node goes back to a covered version or the updates are renewed.
    await keepLease(context, activation, round.plan);
    await noteRefusedVersion(context, activation, version, { refusal, requestId: caller.requestId });
    throw await refuse(context, round, refusal);
  }
  const current = judgement === 'rotate' ? await rotate(context, round) : await replay(context, round, judgement);
  return current === null ? null : answerOf(context, round, current);
}

async function answerOf(context: ServerContext, round: Round, activation: Activation): Promise<CheckAnswer> {
  const { licence, plan, requestId, body } = round;
  const { keyId, seq, requestId: derivedFrom } = activation.secret;
  const input = { licence, plan, activation, seq, requestId, nonce: body.nonce };
  const { verdict, notices } = await signVerdict(context, input);
  return {
    secret: context.keys.rotatedSecret({ keyId, activationId: activation._id, seq, requestId: derivedFrom }),
    license: verdict,
    planChanged: (activation.previous?.planRevSent ?? activation.planRevSent) < licence.planRev,
    notices,
  };
}

/** The only conditional update of a check: its filter contains the hash, so of concurrent checks only one rotates. */
async function rotate(context: ServerContext, round: Round): Promise<Activation | null> {
  const { activation, licence, presented, requestId, body } = round;
  const at = nowDate();
  const keyId = context.keys.rotationKeyId;
  const seq = activation.secret.seq + 1;
  const next = context.keys.rotatedSecret({ keyId, activationId: activation._id, seq, requestId });
  const push = {
    ...(activation.previous === null ? {} : { history: { $each: [activation.previous.hash], $slice: -historyLength } }),
    ...outboxPush(eventsOfCheck(activation, at)),
  };
  return context.db.activations.change(
    activation._id,
    { status: 'active', 'secret.hash': presented.hash },
    {
      $set: {
        secret: { hash: secretHash(next), seq, requestId, keyId },
        boots: [bootName(presented.bootId)],
        previous: {
          hash: presented.hash,
          bootId: presented.bootId,
          at,
          replayedWithoutId: false,
          planRevSent: activation.planRevSent,
        },
        lastRoundReplayed: activation.previous?.replayedWithoutId ?? false,
        leaseUntil: leaseFrom(at, round.plan),
        lastCheckAt: at,
        seenAt: at,
        alarm: null,
        planRevSent: licence.planRev,
        ...(activation.firstCheckAt === null ? { firstCheckAt: at } : {}),
        ...(presented.bootId === null ? {} : { bootId: presented.bootId }),
        ...(body.version === undefined ? {} : { version: body.version }),
        ...(body.usage === undefined ? {} : { usage: body.usage }),
      },
      ...(Object.keys(push).length === 0 ? {} : { $push: push }),
    },
  );
}

async function replay(
  context: ServerContext,
  round: Round,
  judgement: 'replay' | 'replay-once',
): Promise<Activation | null> {
  const { activation, plan, presented } = round;
  if (judgement === 'replay') return keepLease(context, activation, plan, { issuedTo: presented.bootId });
  return context.db.activations.change(
    activation._id,
    { status: 'active', 'previous.hash': presented.hash, 'previous.replayedWithoutId': false },
    { $set: { 'previous.replayedWithoutId': true, leaseUntil: leaseFrom(nowDate(), plan) } },
  );
}

/** Events of a check: the first check, and the first one after a silence. */
function eventsOfCheck(activation: Activation, at: Date): OutboxEvent[] {
  const event: OutboxEvent[] = [];
  const node = { node: activation.node.name };
  if (activation.firstCheckAt === null) event.push({ type: 'instance.first-seen', key: '', at, details: node });
  if (activation.alarm) event.push(backEvent(activation, at));
  return event;
}

async function refuseCopy(
  context: ServerContext,
  round: Round,
  judgement: 'clone' | 'stale',
  caller: Caller,
): Promise<Refusal> {
  const { hash, bootId } = round.presented;
  await noteCopy(context, round.activation, { hash, bootId, kind: judgement }, caller);
  const refusal: VerdictRefusal =
    judgement === 'clone'
      ? { code: 'CLONE_SUSPECTED', detail: 'Another copy of this node has already used this licence state.' }
      : { code: 'STALE_SECRET', detail: 'This licence state has been replaced by a newer one.' };
  return refuse(context, round, refusal);
}
