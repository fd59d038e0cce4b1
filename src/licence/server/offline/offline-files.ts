import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import { now, nowDate } from '../../../runtime/clock.ts';
import {
  type OfflineFileAnswer,
  type OfflineFileClaims,
  type OfflineFileList,
  type OfflineFileRequest,
  type OfflineFileView,
  offlineFileType,
} from '../../protocol/offline-file.ts';
import { verdictAlgorithm } from '../../protocol/verdict.ts';
import { requireActive } from '../activations/activate.ts';
import { licenceClaims, planOf, seatsUsed } from '../activations/verdicts.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { newOfflineFileId } from '../ids.ts';
import { effectiveEntitlements } from '../licences/entitlements.ts';
import { endOf } from '../licences/licence-status.ts';
import { coveredVersions } from '../perpetual/perpetual.ts';
import { Refusal } from '../refusal.ts';
import { seatsInUse } from '../seats/seat-holders.ts';
import { makeRoom } from '../seats/seats.ts';
import type { Licence } from '../store/licence.ts';
import type { OfflineFile } from '../store/offline-files.ts';
import type { OutboxEvent } from '../store/outbox.ts';
import { boundsOf, isBoundElsewhere } from '../store/seat-ledger.ts';

const day = 86_400_000;

/** A file that is valid for less is not worth carrying to a node. */
const minimumMs = 3_600_000;

/**
 * Offline files: signed licences for nodes that never reach this server. A file cannot be taken back once it is handed
 * out, so it holds its seats in the ledger until it ends, and is valid no longer than the licence is paid.
 *
 * Issues one, once per idempotency key. The file is written and signed first, then one conditional update takes its
 * seats, then it is handed out; whatever a crash interrupts is resumed by the same key or swept. Refuses with
 * OFFLINE_LICENSE_ALREADY_ISSUED if nodes of the same cluster or machine hold seats online or by another file, with
 * ACTIVE_INSTANCES_CAPACITY_EXCEEDED, SUBSCRIPTION_NOT_ACTIVE, OFFLINE_NOT_POSSIBLE, IDEMPOTENCY_CONFLICT and, if the
 * plan allows one cluster and another one holds seats, CLUSTER_ID_MISMATCH. A file that ends soon may be followed by a
 * new one with the same number of seats, which takes its seats over.
 */
export async function issueOfflineFile(
  context: ServerContext,
  licence: Licence,
  request: OfflineFileRequest,
  call: Actor & { idempotencyKey: string },
): Promise<{ answer: OfflineFileAnswer; created: boolean }> {
  const { offlineFiles } = context.db;
  const requestHash = createHash('sha256').update(JSON.stringify(request)).digest('base64url');
  const last = await offlineFiles.byIdempotencyKey(licence._id, call.idempotencyKey);
  // A withdrawn one was never handed out: the call starts over.
  const held = last?.status === 'withdrawn' ? null : last;
  if (held !== null && held.requestHash !== requestHash) throw new Refusal('IDEMPOTENCY_CONFLICT');
  if (held !== null && wasHandedOut(held)) return { answer: answerOf(held), created: false };
  const drafted =
    held ?? (await draft(context, licence, request, { ...call, requestHash, attempt: (last?.attempt ?? 0) + 1 }));
  let file: OfflineFile;
  try {
    file = await winSeats(context, drafted, call);
  } catch (error) {
    if (error instanceof Refusal) await giveUp(context, drafted);
    throw error;
  }
  const details = { ...viewOf(file), status: 'issued' };
  const at = nowDate();
  const { actor, requestId } = call;
  const note = auditNote({ actor, requestId, licenceId: licence._id, at, action: 'offline.issued', after: details });
  const event: OutboxEvent = { type: 'offline.issued', key: '', at, details };
  const issued = await offlineFiles.setStatus(file._id, 'pending', 'issued', [event, note]);
  if (issued === null) return { answer: await answerOfConcurrentCall(context, file), created: false };
  await audit(context, note);
  return { answer: answerOf(issued), created: true };
}

/**
 * A concurrent call with the same key was faster; or this one took so long that its file was swept, and its seats must
 * be released.
 */
async function answerOfConcurrentCall(context: ServerContext, file: OfflineFile): Promise<OfflineFileAnswer> {
  const there = await context.db.offlineFiles.find(file.licenceId, file._id);
  if (there !== null && wasHandedOut(there)) return answerOf(there);
  if (there?.status !== 'pending') await freeSeats(context, file);
  throw new Refusal('SERVICE_UNAVAILABLE', 'The call was interrupted.', { retryAfterSec: 1 });
}

export async function listOfflineFiles(context: ServerContext, licence: Licence): Promise<OfflineFileList> {
  return { offlineFiles: (await context.db.offlineFiles.of(licence._id)).map(viewOf) };
}

/** Throws NO_SUCH_OFFLINE_FILE. */
export async function readOfflineFile(
  context: ServerContext,
  licence: Licence,
  id: string,
): Promise<OfflineFileAnswer> {
  const file = await context.db.offlineFiles.find(licence._id, id);
  if (file === null || !wasHandedOut(file)) throw new Refusal('NO_SUCH_OFFLINE_FILE');
  return answerOf(file);
}

/** Frees the seats of files that have ended, and of those that were never handed out. */
export async function sweepOfflineFiles(context: ServerContext): Promise<number> {
  const { offlineFiles, licences } = context.db;
  let swept = 0;
  for (const file of await offlineFiles.endedBefore(nowDate())) {
    // The seat first: after a crash in between the file is swept again.
    await licences.pullSeat(file.licenceId, file._id);
    if ((await offlineFiles.setStatus(file._id, file.status, 'ended')) !== null) swept += 1;
  }
  const before = new Date(now() - context.settings.pendingMs);
  for (const file of await offlineFiles.pendingBefore(before)) {
    if (await giveUp(context, file)) swept += 1;
  }
  for (const file of await offlineFiles.withdrawnBefore(before)) {
    // Again: a call that had read the file before it was withdrawn may have taken seats for it since, and died.
    await freeSeats(context, file);
    await offlineFiles.forgetWithdrawn(file._id);
  }
  return swept;
}

/**
 * Withdraws a file, so that it can no longer be handed out, then frees its seats. Its record stays for a while: another
 * call with the same key may be about to take seats for it, and the sweeper finds them by the record.
 */
async function giveUp(context: ServerContext, file: OfflineFile): Promise<boolean> {
  const withdrawn = await context.db.offlineFiles.withdraw(file._id, nowDate());
  if (withdrawn === null) return false;
  await freeSeats(context, withdrawn);
  return true;
}

function wasHandedOut({ status }: OfflineFile): boolean {
  return status !== 'pending' && status !== 'withdrawn';
}

/**
 * Frees the seats of a file that was never handed out. Those of a previous file that is still valid are returned to it.
 */
async function freeSeats(context: ServerContext, { _id, licenceId, replaces }: OfflineFile): Promise<void> {
  const { licences, offlineFiles } = context.db;
  const before = replaces ? await offlineFiles.find(licenceId, replaces) : null;
  if (before === null || before.status === 'ended' || before.expiresAt <= nowDate()) {
    await licences.pullSeat(licenceId, _id);
    return;
  }
  await licences.returnOffline(licenceId, _id, before);
  // Also if they were returned already: a crash may have come before this.
  const licence = await licences.find(licenceId);
  if (licence?.seats.some(({ activationId }) => activationId === before._id)) {
    await offlineFiles.setStatus(before._id, 'replaced', 'issued');
  }
}

async function draft(
  context: ServerContext,
  licence: Licence,
  request: OfflineFileRequest,
  call: Actor & { idempotencyKey: string; requestHash: string; attempt: number },
): Promise<OfflineFile> {
  requireActive(licence);
  const issuedAt = new Date(Math.floor(now() / 1000) * 1000);
  const expiresAt = expiryOf(licence, issuedAt, Math.min(request.days, context.settings.offlineMaxDays));
  const id = newOfflineFileId();
  const file: OfflineFile = {
    _id: id,
    licenceId: licence._id,
    idempotencyKey: call.idempotencyKey,
    attempt: call.attempt,
    requestHash: call.requestHash,
    clusterId: request.clusterId ?? null,
    fingerprint: request.fingerprint ?? null,
    mode: request.mode,
    seats: request.seats,
    status: 'pending',
    issuedAt,
    issuedBy: call.actor,
    expiresAt,
    file: await sign(context, licence, request, { id, issuedAt, expiresAt }),
  };
  if (await context.db.offlineFiles.insert(file)) return file;
  const other = await context.db.offlineFiles.byIdempotencyKey(licence._id, call.idempotencyKey);
  if (other === null || other.requestHash !== file.requestHash || other.status !== 'pending') {
    throw new Refusal('SERVICE_UNAVAILABLE', 'A concurrent call with the same key was answered first.', {
      retryAfterSec: 1,
    });
  }
  return other;
}

/** What is not paid cannot be issued for a year. Throws OFFLINE_NOT_POSSIBLE. */
function expiryOf(licence: Licence, from: Date, days: number): Date {
  const paidUntil = licence.kind === 'subscription' ? licence.standing.paidUntil : null;
  const ends = [from.getTime() + days * day, endOf(licence)?.getTime(), paidUntil?.getTime()];
  const expiresAt = Math.min(...ends.filter((end) => end !== undefined));
  if (expiresAt - from.getTime() < minimumMs) {
    const until = new Date(expiresAt).toISOString();
    throw new Refusal('OFFLINE_NOT_POSSIBLE', `The licence is paid until ${until}: pay the next period first.`);
  }
  return new Date(Math.floor(expiresAt / 1000) * 1000);
}

async function sign(
  context: ServerContext,
  licence: Licence,
  request: OfflineFileRequest,
  { id, issuedAt, expiresAt }: { id: string; issuedAt: Date; expiresAt: Date },
): Promise<string> {
  const plan = await planOf(context, licence);
  const claims: OfflineFileClaims = {
    iss: context.settings.issuer,
    aud: licence.product,
    sub: id,
    jti: id,
    iat: issuedAt.getTime() / 1000,
    exp: expiresAt.getTime() / 1000,
    ...(request.clusterId === undefined ? {} : { cluster: request.clusterId }),
    ...(request.fingerprint === undefined ? {} : { fingerprint: request.fingerprint }),
    seats: request.seats,
    mode: request.mode,
    lic: licenceClaims(licence, issuedAt.getTime()),
    versions: await coveredVersions(context, licence, request.mode),
    ...effectiveEntitlements(plan.data, licence),
    enforcement: plan.data.enforcement,
  };
  const { kid, key } = context.keys.signing;
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: verdictAlgorithm, kid, typ: offlineFileType }).sign(key);
}

/** Returns the file as stored once it holds its seats. */
async function winSeats(context: ServerContext, drafted: OfflineFile, call: Actor): Promise<OfflineFile> {
  const { licences, offlineFiles } = context.db;
  let file = drafted;
  const bound = boundsOf(file)[0] as string;
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const licence = await licences.find(file.licenceId);
    if (licence === null) throw new Refusal('SUBSCRIPTION_NOT_FOUND');
    requireActive(licence);
    if (licence.seats.some(({ activationId }) => activationId === file._id)) {
      // Any activation that was faster is in the ledger now; a later one is refused there.
      if (await runsOnline(context, licence, file)) throw alreadyUsed('Nodes of it hold seats online.');
      return file;
    }
    const other = licence.seats.find(({ offline }) => offline?.bound === bound);
    if (other?.offline) {
      const remainingMs = other.offline.until.getTime() - now();
      const count = licence.seats.filter(({ activationId }) => activationId === other.activationId).length;
      const before = await offlineFiles.find(licence._id, other.activationId);
      if (before?.status === 'withdrawn') {
        await freeSeats(context, before);
        continue;
      }
      // Expired, or of a file that was never handed out: its seats are left from an interrupted call.
      if (remainingMs <= 0 || before === null) {
        await licences.pullSeat(licence._id, other.activationId);
        continue;
      }
      // A file that is not handed out yet may still return its seats, so it cannot be followed.
      const mayFollow = remainingMs <= context.settings.offlineRenewMs && before.status !== 'pending';
      if (!mayFollow || count !== file.seats || other.mode !== file.mode) {
        throw alreadyUsed(`Its file ${other.activationId} is valid until ${other.offline.until.toISOString()}.`);
      }
      const noted = await offlineFiles.noteReplaces(file._id, before._id);
      file = noted ?? file;
      if (noted !== null && (await licences.renewOffline(licence._id, before._id, file))) {
        await offlineFiles.setStatus(before._id, 'issued', 'replaced');
      }
      continue;
    }
    if (await runsOnline(context, licence, file)) throw alreadyUsed('Nodes of it hold seats online.');
    const oneCluster = (await planOf(context, licence)).data.oneCluster === true;
    const clusterId = oneCluster ? (file.clusterId ?? undefined) : undefined;
    if (await licences.pushOffline(licence, file, { bound, clusterId })) continue;
    if (clusterId !== undefined && isBoundElsewhere(licence, clusterId)) throw new Refusal('CLUSTER_ID_MISMATCH');
    const full = seatsUsed(licence, file.mode) + file.seats > licence.seatLimits[file.mode];
    if (full && !(await makeRoom(context, licence, file.mode, call.requestId))) {
      throw await seatsInUse(context, licence, { mode: file.mode, wanted: file.seats });
    }
  }
  throw new Refusal('SERVICE_UNAVAILABLE', 'The licence met too many concurrent changes.', { retryAfterSec: 1 });
}

function alreadyUsed(why: string): Refusal {
  return new Refusal('OFFLINE_LICENSE_ALREADY_ISSUED', why);
}

async function runsOnline(context: ServerContext, licence: Licence, file: OfflineFile): Promise<boolean> {
  const bounds = boundsOf(file);
  const holders = await context.db.activations.findMany(licence.seats.map(({ activationId }) => activationId));
  return holders.some(({ node, status }) => {
    const fits = boundsOf(node).some((bound) => bounds.includes(bound));
    return fits && (status === 'active' || status === 'pending');
  });
}

function viewOf(file: OfflineFile): OfflineFileView {
  return {
    offlineFileId: file._id,
    licenseId: file.licenceId,
    clusterId: file.clusterId,
    fingerprint: file.fingerprint,
    mode: file.mode,
    seats: file.seats,
    status: file.status === 'replaced' || file.status === 'ended' ? file.status : 'issued',
    issuedAt: file.issuedAt.toISOString(),
    issuedBy: file.issuedBy,
    expiresAt: file.expiresAt.toISOString(),
  };
}

function answerOf(file: OfflineFile): OfflineFileAnswer {
  return { ...viewOf(file), file: `${file.file}\n` };
}
