import type { TimelineEvent } from '../../contracts/events.ts';

/**
 * An event for customers. With a reason code they get its sentence; the detail (addresses, messages of other systems)
 * is only for operators.
 */
export function customerEvent(event: TimelineEvent): TimelineEvent {
  if (event.type !== 'step' || !event.reason || event.detail === undefined) return event;
  const { detail: _forOperators, ...rest } = event;
  return rest;
}
