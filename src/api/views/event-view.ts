import type { TimelineEvent } from '../../contracts/events.ts';

/**
 * An event as customers see it: where a reason code tells why, its sentence in the catalogue is for them, and the
 * detail (addresses, messages of other systems) is for operators.
 */
export function customerEvent(event: TimelineEvent): TimelineEvent {
  if (event.type !== 'step' || !event.reason || event.detail === undefined) return event;
  const { detail: _forOperators, ...rest } = event;
  return rest;
}
