import { now, nowDate } from '../../../runtime/clock.ts';
import type { EndEnrolments, EnrolmentAnswer, IssueEnrolment } from '../../protocol/admin.ts';
import type { SeatGrant, SeatRequest } from '../../protocol/wire-names.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor, Caller } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { Enrolment } from '../store/enrolments.ts';
import type { Licence } from '../store/licence.ts';
import type { AuditNote } from '../store/outbox.ts';
import { activate } from './activate.ts';

/**
 * Enrolments: the right of one node to activate once, carried by a token in its first-boot file.
 *
 * A token can be redeemed while the operation that issued it is open and for a while after its `up` has ended, at most
 * until its absolute limit. It is bound to the first node that redeems it; that node gets the same answer until its
 * first check, even if the enrolment was closed meanwhile; any other node is refused and audited.
 */
export async function issueEnrolment(
  context: ServerContext,
  request: IssueEnrolment,
  by: Actor,
): Promise<EnrolmentAnswer> {
  const { licenseId: licenceId, nodeName, generation } = request;
  const licence = await context.db.licences.find(licenceId);
  if (licence === null) throw new Refusal('SUBSCRIPTION_NOT_FOUND');
  if (licence.revokedAt !== null) throw new Refusal('LICENSE_REVOKED');
  const token = context.keys.enrolmentToken(licenceId, nodeName, generation);
  const issuedAt = nowDate();
  const { enrolmentMaxMs } = context.settings;
  const after = { nodeName, generation };
  const note = auditNote({ ...by, at: issuedAt, action: 'enrolment.issued', licenceId, after });
  const held = await context.db.enrolments.open(
    {
      _id: context.keys.peppered(token),
      licenceId,
      nodeName,
      generation,
      issuedAt,
      redeemableUntil: new Date(issuedAt.getTime() + enrolmentMaxMs),
      closedAt: null,
      redeemedBy: null,
    },
    enrolmentMaxMs,
    note,
  );
  await context.db.enrolments.close({ licenceId, nodeName, belowGeneration: generation }, issuedAt);
  // Also for a closed one, because its token is returned again.
  await audit(context, note);
  return {
    enrollmentToken: token,
    open: isOpen(held),
    redeemableUntil: held.redeemableUntil.toISOString(),
    redeemed: held.redeemedBy !== null,
  };
}

/** After the end of `up` the token can be redeemed only for a limited time. */
export function upEnded(context: ServerContext, of: EndEnrolments, by: Actor) {
  const until = new Date(now() + context.settings.enrolmentAfterUpMs);
  return ended(context, of, 'enrolment.up-ended', by, (which, note) =>
    context.db.enrolments.shorten(which, until, note),
  );
}

/** At ready and in the undo: nothing can be redeemed any more. */
export function closeEnrolments(context: ServerContext, of: EndEnrolments, by: Actor) {
  return ended(context, of, 'enrolment.closed', by, (which, note) =>
    context.db.enrolments.close(which, nowDate(), note),
  );
}

async function ended(
  context: ServerContext,
  { licenseId: licenceId, nodeName }: EndEnrolments,
  action: string,
  by: Actor,
  change: (of: { licenceId: string; nodeName: string | undefined }, note: AuditNote) => Promise<number>,
): Promise<{ changed: number }> {
  if ((await context.db.licences.find(licenceId)) === null) throw new Refusal('SUBSCRIPTION_NOT_FOUND');
  const note = auditNote({ ...by, at: nowDate(), action, licenceId, after: { nodes: nodeName ?? 'all' } });
  const changed = await change({ licenceId, nodeName }, note);
  if (changed > 0) await audit(context, note);
  return { changed };
}

function isOpen(enrolment: Enrolment): boolean {
  return enrolment.closedAt === null && enrolment.redeemableUntil.getTime() >= now();
}

/** Activates a node with its token. Refuses with ENROLLMENT_REFUSED, and as `activate`. */
export async function redeem(
  context: ServerContext,
  request: SeatRequest & { enrolmentToken: string; product: string | undefined },
  caller: Caller,
): Promise<{ grant: SeatGrant; created: boolean }> {
  const { enrolmentToken, product, ...seat } = request;
  const proof = { enrolmentToken, chosenId: request.chosenId, nodeName: request.node.name, product };
  const { licence, enrolment } = await proveByEnrolment(context, proof, caller);
  const actor = `enrolment:${enrolment.nodeName}:${enrolment.generation}`;
  return activate(context, licence, seat, { ...caller, actor });
}

/** Binds the token to this node and returns its licence. Throws ENROLLMENT_REFUSED (audited). */
export async function proveByEnrolment(
  context: ServerContext,
  proof: { enrolmentToken: string; chosenId: string; nodeName: string; product?: string | undefined },
  caller: Caller,
): Promise<{ licence: Licence; enrolment: Enrolment }> {
  const { enrolments, licences, activations } = context.db;
  const id = context.keys.peppered(proof.enrolmentToken);
  const enrolment = await enrolments.find(id);
  if (enrolment === null) throw context.failures.failed(caller.address, new Refusal('ENROLLMENT_REFUSED'));
  const licence = await licences.find(enrolment.licenceId);
  // Of a licence that was deleted nothing can be had any more.
  if (licence === null) throw context.failures.failed(caller.address, new Refusal('ENROLLMENT_REFUSED'));
  const refuse = async (why: string) => {
    await audit(
      context,
      auditNote({
        at: nowDate(),
        actor: 'enrolment',
        action: 'enrolment.refused',
        requestId: caller.requestId,
        licenceId: licence._id,
        after: { why, nodeName: proof.nodeName, generation: enrolment.generation, address: caller.address },
      }),
    );
    return context.failures.failed(caller.address, new Refusal('ENROLLMENT_REFUSED'));
  };
  if (enrolment.nodeName !== proof.nodeName) throw await refuse('another node');
  if (proof.product !== undefined && proof.product !== licence.product) throw await refuse('another product');
  const bound = await enrolments.redeem(id, proof.chosenId, nowDate());
  if (bound !== null) return { licence, enrolment: bound };
  const again = enrolment.redeemedBy === proof.chosenId;
  if (!again) throw await refuse(enrolment.redeemedBy === null ? 'closed or late' : 'redeemed by another node');
  const activation = await activations.byChosenId(licence._id, proof.chosenId);
  if (activation?.status !== 'active' || activation.secret.seq > 0) throw await refuse('closed or late');
  return { licence, enrolment };
}
