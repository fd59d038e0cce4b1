import { z } from 'zod';
import { TimelineEvent } from '../events.ts';
import { numberText } from './common.ts';

/** The event schema under its name in the OpenAPI document. */
export const Event = TimelineEvent.meta({ id: 'TimelineEvent' });

/** The number of an event, after which others begin; 0 is before the first. */
export const AfterEvent = numberText(z.number().int().min(0)).optional();

export const EventQuery = z.object({
  /** Sequence number after which the events begin; `Last-Event-ID` takes precedence. */
  after: AfterEvent,
  limit: numberText(z.number().int().min(1).max(500)).default(200),
});

/** A page of events in order; the next request sends `after` = `next`. */
export const EventPage = z
  .strictObject({ events: z.array(Event), next: z.number().int(), more: z.boolean() })
  .meta({ id: 'EventPage' });
export type EventPage = z.infer<typeof EventPage>;
