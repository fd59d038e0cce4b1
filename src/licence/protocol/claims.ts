import { z } from 'zod';
import { LicenceId } from './admin.ts';
import { printableText } from './printable.ts';
import { Name } from './verdict.ts';

/**
 * Claims: a node without a key shows an address, a member of an account opens it and assigns one of its licences, and
 * the node fetches the key. Like the device flow of OAuth (RFC 8628), but the key is returned once.
 */

/** POST /v1/claims */
export const ClaimRequest = z.object({ clusterId: printableText(128), product: Name });
export type ClaimRequest = z.infer<typeof ClaimRequest>;

/** 201 of /v1/claims. A newer claim of the same cluster and product supersedes this one. */
export const ClaimAnswer = z.object({
  /** The node's secret, with which it polls. */
  claimToken: z.string(),
  /** What the member compares; also in `verifyUrl`. It reveals nothing by itself. */
  userCode: z.string(),
  verifyUrl: z.string(),
  /** s */
  expiresIn: z.int(),
  /** How long to wait between two polls, s. */
  interval: z.int(),
});
export type ClaimAnswer = z.infer<typeof ClaimAnswer>;

/** POST /v1/claims/poll */
export const ClaimPoll = z.object({ claimToken: z.string().min(16).max(128) });
export type ClaimPoll = z.infer<typeof ClaimPoll>;

/**
 * - PENDING: not decided yet; ask again after `interval`
 * - ACTIVATED: with the key, this once
 * - EXPIRED: timed out, superseded, refused, already fetched, or unknown; start again
 */
export const ClaimPollAnswer = z.object({
  status: z.enum(['PENDING', 'ACTIVATED', 'EXPIRED']),
  interval: z.int(),
  licenseKey: z.string().optional(),
});
export type ClaimPollAnswer = z.infer<typeof ClaimPollAnswer>;

/** As a person reads it; dashes and case are ignored when it is sent. */
export const UserCode = z
  .string()
  .max(32)
  .transform((text) => text.toUpperCase().replace(/[^0-9A-Z]/g, ''))
  .pipe(z.string().regex(/^[0-9A-Z]{8}$/));

/** POST /v1/me/claims/{code}/approve */
export const ApproveClaim = z.strictObject({ licenseId: LicenceId });
export type ApproveClaim = z.infer<typeof ApproveClaim>;

/** GET /v1/me/claims/{code}: what a member sees before deciding. */
export const ClaimView = z.object({
  userCode: z.string(),
  clusterId: z.string(),
  product: z.string(),
  status: z.enum(['pending', 'approved']),
  licenseId: z.string().nullable(),
  requestedAt: z.string(),
  expiresAt: z.string(),
});
export type ClaimView = z.infer<typeof ClaimView>;
