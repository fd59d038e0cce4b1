import type { Standing } from '../../protocol/admin.ts';
import type { LicenceStatus, Notice } from '../../protocol/verdict.ts';

/** The fields that a licence's status depends on. */
export interface LicenceRight {
  kind: 'subscription' | 'perpetual';
  standing: { standing: Standing; paidUntil: Date | null; endsAt: Date | null };
  revokedAt: Date | null;
  /** A stop by an operator. */
  suspended?: { reason: string } | null;
}

/** When the licence ends; null = never, as for every perpetual licence, whatever happens to its updates. */
export function endOf({ kind, standing }: Pick<LicenceRight, 'kind' | 'standing'>): Date | null {
  return kind === 'perpetual' ? null : standing.endsAt;
}

/** The status that follows from a standing (payments are the control plane's concern; the licence only follows). */
export function licenceStatus(licence: LicenceRight, now: number): LicenceStatus {
  if (licence.revokedAt !== null) return 'REVOKED';
  if (licence.suspended) return 'SUSPENDED';
  const endsAt = endOf(licence);
  switch (licence.standing.standing) {
    case 'pending':
      return 'PENDING';
    case 'suspended':
      return 'SUSPENDED';
    case 'refunded':
      return 'REVOKED';
    case 'terminated':
      return licence.kind === 'perpetual' ? 'ACTIVE' : 'EXPIRED';
    case 'current':
    case 'past_due':
    case 'restricted':
    case 'disputed':
      return endsAt !== null && now > endsAt.getTime() ? 'EXPIRED' : 'ACTIVE';
  }
}

/** Why a licence with this status refuses, with what to do. */
export function statusDetail(
  status: Exclude<LicenceStatus, 'ACTIVE'>,
  { suspended }: Pick<LicenceRight, 'suspended'>,
): string {
  switch (status) {
    case 'PENDING':
      return 'The licence is not paid yet: pay the invoice.';
    case 'SUSPENDED':
      return suspended
        ? 'The licence was suspended by its seller: contact support.'
        : 'The licence is suspended: pay the open invoice to have it reinstated.';
    case 'EXPIRED':
      return 'The licence has ended: renew it.';
    case 'REVOKED':
      return 'The licence was revoked: order a new one.';
  }
}

/** Notices about payments for the operator of a node, although the licence is active. */
export function standingNotices(licence: LicenceRight): Notice[] {
  const { standing } = licence;
  const endsAt = endOf(licence);
  const notices: Notice[] = [];
  if (standing.standing === 'past_due') {
    notices.push({ code: 'PAST_DUE', text: 'A payment is overdue. Pay the open invoice to keep the licence.' });
  }
  if (standing.standing === 'restricted') {
    notices.push({ code: 'RESTRICTED', text: 'A payment is long overdue. The licence will be suspended soon.' });
  }
  if (standing.standing === 'disputed') {
    notices.push({ code: 'DISPUTED', text: 'A payment is disputed. Please contact support.' });
  }
  if (endsAt !== null) {
    notices.push({ code: 'ENDS_AT', text: `The licence was cancelled and ends at ${endsAt.toISOString()}.` });
  }
  return notices;
}
