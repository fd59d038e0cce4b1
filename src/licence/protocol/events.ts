import { z } from 'zod';
import { printableText } from './printable.ts';

/**
 * The webhook events of the licence server: one type, one sentence. Invoice events come from the billing system.
 *
 * An event may arrive more than once and in any order; its `webhook-id` stays the same, so the receiver drops repeated
 * ones and reads the licence itself where the order matters.
 */
export const licenceEvents = {
  'license.created': 'A licence was issued.',
  'license.activated': 'A licence is paid and in force.',
  'license.renewed': 'A period or years of updates were added to a licence.',
  'license.expiring-soon': 'A cancelled licence, or the updates of a perpetual one, end within some days.',
  'license.expired': 'A licence has ended.',
  'license.suspended': 'A licence is suspended; its nodes are refused at their next check.',
  'license.reinstated': 'A licence that was suspended or had ended is in force again.',
  'license.revoked': 'A licence was revoked for good.',
  'license.plan-changed': 'Plan, seats, add-ons, limits or features of a licence changed.',
  'seat.claimed': 'A node took a seat.',
  'seat.released': 'A node no longer holds its seat; the details say why.',
  'seat.limit-exceeded': 'A node was refused because all seats are in use; sent once an hour.',
  'seat.over-limit': 'More nodes run than the licence has seats.',
  'instance.first-seen': 'A node checked for the first time.',
  'instance.silent': 'A node has missed several checks in a row.',
  'instance.grace-risk': 'A node is about to lock, because it could not check for most of its grace period.',
  'instance.back': 'A node that was silent checked again.',
  'clone.suspected': 'Two copies of one node use the same licence state.',
  'clone.resolved': 'A node suspected of being copied has a unique identity again.',
  'offline.issued': 'An offline file was issued.',
  'claim.completed': 'A node fetched the licence key that a member approved for it.',
  'version.refused': 'A node runs or requests a version that the licence does not cover.',
} as const;

export type LicenceEventType = keyof typeof licenceEvents;

const licenceEventTypes = Object.keys(licenceEvents) as [LicenceEventType, ...LicenceEventType[]];

/** Body of a webhook. The headers are those of Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature. */
export const EventBody = z.object({
  type: z.enum(licenceEventTypes),
  /** When it happened, ISO date. */
  timestamp: z.iso.datetime(),
  data: z.object({
    licenseId: z.string(),
    product: z.string(),
    /** The control plane's id for the licence. */
    externalRef: z.string(),
    /** Wire instanceId of the node concerned. */
    instanceId: z.string().nullable(),
    /** Never a key, a secret or a token. */
    details: z.record(z.string(), z.unknown()),
  }),
});
export type EventBody = z.infer<typeof EventBody>;

/** State of one event on its way to one endpoint; `dead`: given up, until somebody sends it again. */
export const DeliveryStatus = z.enum(['pending', 'delivered', 'dead']);
export type DeliveryStatus = z.infer<typeof DeliveryStatus>;

export const WebhookId = z.string().regex(/^whk_[0-9a-hjkmnp-tv-z]{16}$/);
export const DeliveryId = z.string().regex(/^evt_[0-9a-hjkmnp-tv-z]{16}\.whk_[0-9a-hjkmnp-tv-z]{16}$/);

/** POST /v1/admin/webhooks, header `Idempotency-Key`: 201, or 200 with the same endpoint when repeated. */
export const CreateWebhook = z.strictObject({
  /** https, without credentials in it; a private address only if the server's configuration allows it. */
  url: z.url().max(2048),
  /** Empty = all of them. */
  events: z.array(z.enum(licenceEventTypes)).max(licenceEventTypes.length).default([]),
  description: z.union([z.literal(''), printableText(200)]).default(''),
});
export type CreateWebhook = z.infer<typeof CreateWebhook>;

export const WebhookView = z.object({
  webhookId: WebhookId,
  url: z.string(),
  events: z.array(z.enum(licenceEventTypes)),
  description: z.string(),
  /** Events for a disabled endpoint are kept as dead deliveries, to be sent again. */
  enabled: z.boolean(),
  createdAt: z.string(),
  /** Signing secret (`whsec_…`); only in answers that create one. */
  secret: z.string().optional(),
});
export type WebhookView = z.infer<typeof WebhookView>;

export const WebhookList = z.object({ webhooks: z.array(WebhookView) });
export type WebhookList = z.infer<typeof WebhookList>;

/** GET /v1/admin/webhook-deliveries?status=…&webhookId=…&after=…&limit=…; `status=dead` is the dead-letter list. */
export const DeliveryQuery = z.strictObject({
  status: DeliveryStatus.optional(),
  webhookId: WebhookId.optional(),
  after: DeliveryId.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export type DeliveryQuery = z.infer<typeof DeliveryQuery>;

export const DeliveryView = z.object({
  deliveryId: DeliveryId,
  /** The `webhook-id` that the receiver sees. */
  eventId: z.string(),
  webhookId: WebhookId,
  type: z.enum(licenceEventTypes),
  licenseId: z.string(),
  status: DeliveryStatus,
  attempts: z.int(),
  /** Time of the next attempt, or when a running one counts as lost; null if there is none. */
  nextAt: z.string().nullable(),
  /**
   * HTTP status or a word (TIMEOUT, REDIRECT, ADDRESS_NOT_ALLOWED, CONNECTION, DISABLED); null before the first
   * attempt.
   */
  lastOutcome: z.string().nullable(),
  createdAt: z.string(),
  endedAt: z.string().nullable(),
});
export type DeliveryView = z.infer<typeof DeliveryView>;

export const DeliveryList = z.object({ deliveries: z.array(DeliveryView), next: DeliveryId.nullable() });
export type DeliveryList = z.infer<typeof DeliveryList>;

export const Redelivered = z.object({ redelivered: z.int() });
export type Redelivered = z.infer<typeof Redelivered>;
