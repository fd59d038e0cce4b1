import { now, nowDate } from '../../../runtime/clock.ts';
import type { CheckAnswer } from '../../protocol/answers.ts';
import type { RecoverRequest } from '../../protocol/requests.ts';
import { proofOfRecover } from '../../protocol/wire-names.ts';
import { audit, auditNote } from '../audit.ts';
import type { Caller } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { secretHash } from '../keys/keys.ts';
import { proveByKey } from '../licences/licence-by-key.ts';
import { requireVersion } from '../perpetual/perpetual.ts';
import { Refusal } from '../refusal.ts';
import { holdsSeat } from '../seats/seats.ts';
import { type Activation, historyLength, nodeKey } from '../store/activations.ts';
import type { Licence } from '../store/licence.ts';
import { type AuditNote, type OutboxEvent, outboxPush } from '../store/outbox.ts';
import type { Plan } from '../store/plans.ts';
import { requireActive } from './activate.ts';
import { proveByEnrolment } from './enrolment.ts';
import { backEvent, keepLease, leaseFrom } from './lease.ts';
import { bootName, mayReceive } from './rotation.ts';
import { noteCopy } from './suspect-copy.ts';
import { planOf, signVerdict } from './verdicts.ts';

const day = 86_400_000;

/**
 * Gives a new secret to the same node after its state was lost or restored from a backup. The licence key or a new
 * enrolment token proves the right; the name within the cluster (and the fingerprint, if both know one) proves that it
 * is the same node.
 *
 * Refuses with INSTANCE_NOT_FOUND, INVALID_LICENSE_SECRET, ENROLLMENT_REFUSED, SUBSCRIPTION_NOT_ACTIVE,
 * INSTANCE_NOT_ACTIVE, UNSUPPORTED_SOFTWARE_VERSION, UNKNOWN_RELEASE and RECOVERY_REFUSED. Repeating the requestId
 * returns the same answer, to a few processes; CLONE_SUSPECTED to the next one.
 */
export async function recover(
  context: ServerContext,
  activationId: string,
  body: RecoverRequest,
  caller: Caller,
): Promise<{ answer: CheckAnswer; replay: boolean }> {
  const { activations } = context.db;
  const activation = await activations.find(activationId);
  if (activation === null || activation.status === 'pending') {
    throw context.failures.failed(caller.address, new Refusal('INSTANCE_NOT_FOUND'));
  }
  const licence = await provenLicence(context, activation, body, caller);
  requireActive(licence);
  if (activation.status !== 'active' || !holdsSeat(licence, activationId)) throw new Refusal('INSTANCE_NOT_ACTIVE');
  if (!sameNode(activation, body)) throw new Refusal('RECOVERY_REFUSED', 'This is a different node.');
  await requireVersion(context, licence, activation, { ...caller, actor: `activation:${activationId}` });
  const replay = activation.secret.requestId === body.requestId;
  const bootId = body.bootId ?? null;
  if (replay && !mayReceive(activation, bootId, context.settings.bootsPerSecret)) {
    await noteCopy(context, activation, { kind: 'clone', hash: activation.secret.hash, bootId }, caller);
    throw new Refusal('CLONE_SUSPECTED', 'Several hosts have sent this recovery.');
  }
  const plan = await planOf(context, licence);
  const note = auditNote({
    at: nowDate(),
    actor: `activation:${activationId}`,
    action: 'seat.recovered',
    requestId: caller.requestId,
    licenceId: licence._id,
    activationId,
    before: { seq: activation.secret.seq },
    after: { seq: activation.secret.seq + 1 },
  });
  const recovered = replay
    ? await keepLease(context, activation, plan, { issuedTo: bootId })
    : await renew(context, { activation, plan, body, note });
  if (recovered === null) {
    throw new Refusal('SERVICE_UNAVAILABLE', 'The node checked at the same moment.', { retryAfterSec: 1 });
  }
  if (!replay) await audit(context, note);
  const { keyId, seq, requestId } = recovered.secret;
  const input = { licence, plan, activation: recovered, seq, requestId, nonce: body.nonce };
  const { verdict, notices } = await signVerdict(context, input);
  const secret = context.keys.rotatedSecret({ keyId, activationId, seq, requestId });
  const planChanged = activation.planRevSent < licence.planRev;
  return { answer: { secret, license: verdict, planChanged, notices }, replay };
}

async function provenLicence(
  context: ServerContext,
  activation: Activation,
  body: RecoverRequest,
  caller: Caller,
): Promise<Licence> {
  const proof = proofOfRecover(body);
  const licence =
    'licenceKey' in proof
      ? await proveByKey(context, { ...proof, product: activation.product }, caller)
      : (
          await proveByEnrolment(
            context,
            { ...proof, chosenId: activation.chosenId, nodeName: body.node.name, product: activation.product },
            caller,
          )
        ).licence;
  if (licence._id !== activation.licenceId) {
    throw context.failures.failed(caller.address, new Refusal('INSTANCE_NOT_FOUND'));
  }
  return licence;
}

function sameNode(activation: Activation, { node }: RecoverRequest): boolean {
  const known = activation.node.fingerprint;
  const fingerprintFits = known === undefined || node.fingerprint === undefined || known === node.fingerprint;
  return activation.nodeKey === nodeKey(node) && fingerprintFits;
}

async function renew(
  context: ServerContext,
  { activation, plan, body, note }: { activation: Activation; plan: Plan; body: RecoverRequest; note: AuditNote },
): Promise<Activation | null> {
  const at = nowDate();
  const recent = activation.recoveries.filter((date) => date.getTime() > now() - day);
  if (recent.length >= context.settings.recoveriesPerDay) {
    throw new Refusal('RECOVERY_REFUSED', `A node can be recovered ${context.settings.recoveriesPerDay} times a day.`);
  }
  const keyId = context.keys.rotationKeyId;
  const seq = activation.secret.seq + 1;
  const { requestId } = body;
  const next = context.keys.rotatedSecret({ keyId, activationId: activation._id, seq, requestId });
  const resolved = activation.cloneSuspectedAt !== null;
  const details = { node: activation.node.name };
  const event: OutboxEvent[] = resolved ? [{ type: 'clone.resolved', key: String(seq), at, details }] : [];
  if (activation.alarm) event.push(backEvent(activation, at));
  const old = [activation.previous?.hash, activation.secret.hash].filter((hash) => hash !== undefined);
  return context.db.activations.change(
    activation._id,
    { status: 'active', 'secret.hash': activation.secret.hash, cloneSuspectedAt: activation.cloneSuspectedAt },
    {
      $set: {
        secret: { hash: secretHash(next), seq, requestId, keyId },
        boots: [bootName(body.bootId ?? null)],
        // No previous secret: whoever still has the old state is the copy from now on.
        previous: null,
        lastRoundReplayed: false,
        recoveries: [...recent, at],
        leaseUntil: leaseFrom(at, plan),
        bootId: body.bootId ?? null,
        cloneSuspectedAt: null,
        refusedCopy: null,
        seenAt: at,
        alarm: null,
      },
      $push: { history: { $each: old, $slice: -historyLength }, ...outboxPush([...event, note]) },
    },
  );
}
