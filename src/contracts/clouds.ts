import { z } from 'zod';
import { isReasonCode, type ReasonCode } from './reasons.ts';
import { CloudName } from './stack.ts';

/** State of a cloud as seen by the worker that holds its credentials. Ids and names only: it is stored by Temporal. */
export const CloudReport = z.strictObject({
  cloud: CloudName,
  /**
   * `ready`: everything required is available. `incomplete`: permissions or sizes are missing. `not_configured`: no
   * credentials. `refused`: it did not respond, or rejected us. `unserved`: no provision worker serves it.
   */
  state: z.enum(['ready', 'incomplete', 'not_configured', 'refused', 'unserved']),
  /** Source of its credentials, in words; never their values. */
  credentials: z.string().nullable(),
  /** Our identity, as the cloud names it. */
  identity: z.string().nullable(),
  /** Permissions that a stack needs: how many were checked, which we lack, and which the cloud does not report. */
  permissions: z.strictObject({
    asked: z.number().int(),
    missing: z.array(z.string()),
    unchecked: z.array(z.string()),
  }),
  /**
   * Regions of the catalogue, each with the sold machine sizes that it does not offer us; null where it did not
   * respond.
   */
  regions: z.array(z.strictObject({ name: z.string(), lacks: z.array(z.string()).nullable() })),
  problem: z
    .strictObject({ reason: z.custom<ReasonCode>(isReasonCode), detail: z.string() })
    .nullable()
    .meta({ description: 'Why it is refused or not configured.' }),
});
export type CloudReport = z.infer<typeof CloudReport>;

/** The report of a cloud about which nothing is known. */
export function emptyReport(
  cloud: CloudName,
  state: CloudReport['state'],
  problem: CloudReport['problem'],
): CloudReport {
  const permissions = { asked: 0, missing: [], unchecked: [] };
  return { cloud, state, credentials: null, identity: null, permissions, regions: [], problem };
}

export const CloudCheckId = z.string().regex(/^chk_[0-9a-hjkmnp-tv-z]{16}$/);

export const checkCloudsWorkflowType = 'checkClouds';
export function checkCloudsWorkflowId(id: string): string {
  return `clouds/check/${id}`;
}
export interface CheckCloudsInput {
  clouds: CloudName[];
}
