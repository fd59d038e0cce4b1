import { now, nowDate } from '../../../runtime/clock.ts';
import type { ExtendUpdates, IssueLicence, PerpetualView, RenewalPreview } from '../../protocol/admin.ts';
import type { SeatMode } from '../../protocol/requests.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { recordEventNow } from '../events/record-event.ts';
import { licenceStatus } from '../licences/licence-status.ts';
import { Refusal } from '../refusal.ts';
import type { Activation } from '../store/activations.ts';
import type { Licence, PerpetualRight } from '../store/licence.ts';
import { pushToOutbox } from '../store/outbox.ts';
import type { Plan } from '../store/plans.ts';
import {
  judgeVersion,
  newestAllowed,
  registryNames,
  renewalPrice,
  renewedWindow,
  type UpdateWindow,
  updatesUntil,
  utcDay,
  type VersionRefusal,
  type VersionRight,
} from './fallback.ts';

/** Perpetual licences as the server stores and enforces them; the rules themselves are in `fallback.ts`. */

/** The longest update window, so that its last day stays a day of the calendar. */
const mostUpdateYears = 100;

type RunningNode = { version: string | null; mode: SeatMode };

/** The perpetual part of a new licence, null for a subscription. Throws UNKNOWN_PRODUCT_OR_PLAN. */
export function perpetualRight(request: IssueLicence, plan: Plan): PerpetualRight | null {
  if (request.perpetual === undefined) return null;
  const { updatesFrom: from, years, price } = request.perpetual;
  const terms = plan.data.perpetual;
  if (terms === undefined) {
    throw new Refusal('UNKNOWN_PRODUCT_OR_PLAN', `The plan ${plan._id} is not sold as a perpetual licence.`);
  }
  return { window: { from, years }, price, terms, renewals: [] };
}

/**
 * Why the licence does not cover the version of a node; null if it does, as for every subscription. A version inside
 * the window costs one read by id.
 */
export async function versionRefusal(
  context: ServerContext,
  licence: Licence,
  node: RunningNode,
): Promise<VersionRefusal | null> {
  if (!licence.perpetual) return null;
  const { releases } = context.db;
  const right = rightOf(licence.perpetual);
  const day = utcDay(now());
  const named = node.version === null ? [] : await releases.find(licence.product, registryNames(node.version));
  if (judgeVersion(node, right, named, day) === null) return null;
  return judgeVersion(node, right, await releases.of(licence.product), day);
}

/**
 * Throws UNSUPPORTED_SOFTWARE_VERSION or UNKNOWN_RELEASE, naming the newest version that may run. Recorded and audited
 * once for each licence, code and UTC day, because the caller chooses the version.
 */
export async function requireVersion(
  context: ServerContext,
  licence: Licence,
  node: RunningNode,
  by: Actor,
): Promise<void> {
  const refusal = await versionRefusal(context, licence, node);
  if (refusal === null) return;
  const { actor, requestId } = by;
  const about = { actor, requestId, licenceId: licence._id };
  const at = nowDate();
  const details = { code: refusal.code, detail: refusal.detail, version: node.version, mode: node.mode };
  const key = refusalKey(refusal, at);
  const note = auditNote({ ...about, at, action: 'version.refused', after: details });
  await recordEventNow(context, licence, { type: 'version.refused', key, at, details }, note);
  throw new Refusal(refusal.code, refusal.detail);
}

function refusalKey({ code }: VersionRefusal, at: Date): string {
  return `${code}-${utcDay(at.getTime())}`;
}

/**
 * Audits that a running node was refused for its version, at most once an hour; the event is recorded once for each
 * code and UTC day.
 */
export async function noteRefusedVersion(
  context: ServerContext,
  activation: Activation,
  version: string | null,
  refused: { refusal: VersionRefusal; requestId: string },
): Promise<void> {
  const { _id: activationId, licenceId } = activation;
  const at = nowDate();
  const anHourAgo = new Date(at.getTime() - 3_600_000);
  const first = { versionRefusedAt: { $not: { $gt: anHourAgo } } };
  const details = { ...refused.refusal, version, mode: activation.mode };
  const key = refusalKey(refused.refusal, at);
  const note = auditNote({
    at,
    actor: `activation:${activationId}`,
    action: 'version.refused',
    requestId: refused.requestId,
    licenceId,
    activationId,
    before: { version: activation.version },
    after: details,
  });
  const noted = await context.db.activations.change(activationId, first, {
    $set: { versionRefusedAt: at },
    ...pushToOutbox({ type: 'version.refused', key, at, details }, note),
  });
  if (noted !== null) await audit(context, note);
}

/** What a renewal would add and cost if it were paid today. Throws as `extendUpdates` does. */
export function previewRenewal(licence: Licence, { years }: ExtendUpdates): RenewalPreview {
  return renewed(licence, years).preview;
}

/**
 * Adds paid years of updates, once per idempotency key. Throws SUBSCRIPTION_NOT_FOUND, NOT_PERPETUAL, LICENSE_REVOKED,
 * INVALID_LICENSE_CHECK_REQUEST for more years than a licence may have and, if the key was used for another number of years, IDEMPOTENCY_CONFLICT.
 */
export async function extendUpdates(
  context: ServerContext,
  licenceId: string,
  { years }: ExtendUpdates,
  call: Actor & { idempotencyKey: string },
): Promise<Licence> {
  const key = call.idempotencyKey;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const held = await context.db.licences.find(licenceId);
    if (held === null) throw new Refusal('SUBSCRIPTION_NOT_FOUND');
    const before = held.perpetual?.renewals.find((renewal) => renewal.key === key);
    if (before !== undefined) {
      if (before.years !== years) throw new Refusal('IDEMPOTENCY_CONFLICT');
      return held;
    }
    const { perpetual, window, preview } = renewed(held, years);
    const at = nowDate();
    const renewal = { ...preview, key, at };
    const event = { type: 'license.renewed', key, at, details: preview } as const;
    const about = { actor: call.actor, requestId: call.requestId, licenceId: held._id };
    const change = { before: { updatesUntil: updatesUntil(perpetual.window) }, after: preview };
    const note = auditNote({ ...about, ...change, at, action: 'license.renewed' });
    const windows = { from: perpetual.window, to: window };
    const extended = await context.db.licences.renew(held._id, windows, renewal, [event, note]);
    if (extended === null) continue;
    await audit(context, note);
    return extended;
  }
  throw new Refusal('SERVICE_UNAVAILABLE', 'The renewal met too many concurrent changes.', { retryAfterSec: 1 });
}

function renewed(
  licence: Licence,
  years: number,
): { perpetual: PerpetualRight; window: UpdateWindow; preview: RenewalPreview } {
  const { perpetual } = licence;
  if (!perpetual) throw new Refusal('NOT_PERPETUAL');
  if (licenceStatus(licence, now()) === 'REVOKED') throw new Refusal('LICENSE_REVOKED');
  const { renewalBasis: basis, renewalBasisPoints: basisPoints } = perpetual.terms;
  const window = renewedWindow(perpetual.window, { basis, years, day: utcDay(now()) });
  if (window.years > mostUpdateYears) {
    const detail = `This licence would have ${window.years} years of updates; ${mostUpdateYears} are the most.`;
    throw new Refusal('INVALID_LICENSE_CHECK_REQUEST', detail);
  }
  const { amount, currency } = perpetual.price;
  const price = { amount: renewalPrice(amount, { basisPoints, years }), currency };
  return { perpetual, window, preview: { years, updatesUntil: updatesUntil(window), price } };
}

export async function perpetualView(context: ServerContext, licence: Licence): Promise<PerpetualView | null> {
  if (!licence.perpetual) return null;
  const { window, price, terms, renewals } = licence.perpetual;
  const releases = await context.db.releases.of(licence.product);
  return {
    updatesUntil: updatesUntil(window),
    newestVersion: newestAllowed(rightOf(licence.perpetual), releases, utcDay(now())),
    price,
    terms,
    renewals: renewals.map(({ key: _, at, ...renewal }) => ({ ...renewal, at: at.toISOString() })),
  };
}

/** Versions that may run on a node that never asks again; null = any, as for every subscription. */
export async function coveredVersions(
  context: ServerContext,
  licence: Licence,
  mode: SeatMode,
): Promise<string[] | null> {
  if (!licence.perpetual) return null;
  const right = rightOf(licence.perpetual);
  if (right.unknownReleases === 'allow-dev' && mode === 'development') return null;
  const releases = await context.db.releases.of(licence.product);
  const day = utcDay(now());
  return releases
    .map(({ version }) => version)
    .filter((version) => judgeVersion({ version, mode }, right, releases, day) === null);
}

function rightOf({ window, terms: { wholeLine, unknownReleases } }: PerpetualRight): VersionRight {
  return { updatesUntil: updatesUntil(window), wholeLine, unknownReleases };
}
