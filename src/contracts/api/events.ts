import { z } from 'zod';
import { TimelineEvent } from '../events.ts';

/** The event format as the document names it. */
export const Event = TimelineEvent.meta({ id: 'TimelineEvent' });

export const EventQuery = z.object({
  /** Sequence number after which to begin; `Last-Event-ID` wins over it. */
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(200),
});

/** A page of events in order; ask again with `after` = `next`. */
export const EventPage = z
  .strictObject({ events: z.array(Event), next: z.number().int(), more: z.boolean() })
  .meta({ id: 'EventPage' });
export type EventPage = z.infer<typeof EventPage>;
