import { z } from 'zod';
import { AccountRef } from './account.ts';
import { ActivationView, AuditEntry, LicenceId, LicenceView } from './admin.ts';

/** Bodies and answers of `/v1/me`, the licence portal of an account. Unknown members are refused. */

/** A licence as its account sees it. */
export const PortalLicence = LicenceView.omit({ licenseKey: true, activations: true })
  .extend({
    /** Whether the key can be shown again (`POST …/key/reveal`); otherwise it can only be rotated. */
    keyShown: z.boolean(),
  })
  .meta({ id: 'PortalLicence' });
export type PortalLicence = z.infer<typeof PortalLicence>;

/** GET /v1/me/licenses?after=…&limit=…: by id; `next` null at the end. */
export const PortalLicences = z.object({ licenses: z.array(PortalLicence), next: LicenceId.nullable() });
export type PortalLicences = z.infer<typeof PortalLicences>;

/** A node as its account sees it. */
export const PortalInstance = ActivationView.extend({
  licenseId: LicenceId,
  /** Reported by the node; informational. */
  hostname: z.string().nullable(),
  provider: z.string().nullable(),
  region: z.string().nullable(),
  bootId: z.string().nullable(),
  usage: z.record(z.string(), z.int()),
  /** The other host, which came with an older copy of this node's state; null if there is none to decide about. */
  refusedCopy: z.object({ bootId: z.string().nullable(), address: z.string(), at: z.string() }).nullable(),
}).meta({ id: 'PortalInstance' });
export type PortalInstance = z.infer<typeof PortalInstance>;

/** GET /v1/me/instances?licenseId=…&status=…&after=…&limit=…: by id; `next` null at the end. */
/** End of the previous page of nodes: `<licenseId>.<instanceId>`. */
export const InstanceCursor = z.string().regex(/^lic_[0-9a-z]{16}\.act_[0-9a-z]{16}$/);

export const PortalInstances = z.object({ instances: z.array(PortalInstance), next: InstanceCursor.nullable() });
export type PortalInstances = z.infer<typeof PortalInstances>;

/**
 * POST /v1/me/instances/{id}/keep: which of two hosts with this node's state continues: the `running` one, or the
 * `refused` one. The other is refused from then on.
 */
export const KeepInstance = z.strictObject({ keep: z.enum(['running', 'refused']) });

/** POST /v1/me/licenses/{id}/key/reveal and …/key/rotate */
export const PortalKey = z.object({ licenseId: LicenceId, licenseKey: z.string(), keyLast4: z.string() });

/** Minor units; a negative amount is refunded to the payer. */
const Money = z.strictObject({ amount: z.int(), currency: z.string().regex(/^[A-Z]{3}$/) });

const SeatNumber = z.int().min(1).max(100_000);

/** POST /v1/me/licenses/{id}/seats/preview */
export const SeatsPreviewRequest = z.strictObject({ seats: SeatNumber }).meta({ id: 'SeatsPreviewRequest' });

/** What the change costs now, and the values to send to confirm exactly this. */
export const SeatsPreview = z.object({
  seats: SeatNumber,
  planRev: z.int().positive(),
  dueNow: Money,
  perPeriod: Money,
});

/** POST /v1/me/licenses/{id}/seats, header `Idempotency-Key`: the values of the preview. */
export const SeatsRequest = z
  .strictObject({ seats: SeatNumber, planRev: z.int().positive(), dueNow: Money })
  .meta({ id: 'SeatsRequest' });

/** GET /v1/me/export: all data of this server about the account, without keys and secrets. */
export const AccountExport = z.object({
  account: AccountRef,
  at: z.string(),
  licenses: z.array(
    PortalLicence.extend({ instances: z.array(PortalInstance), audit: z.array(AuditEntry) }).meta({
      id: 'ExportedLicence',
    }),
  ),
});
export type AccountExport = z.infer<typeof AccountExport>;
