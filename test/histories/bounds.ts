import type { Run } from '../support/temporal.ts';
import { type Event, eventsOf, typeOf } from './happenings.ts';

/**
 * Maximum length of histories: a base number of events, and more for each occurrence of certain events.
 * docs/architecture.md states the same. Temporal warns at 10,240 events and ends a workflow at 51,200.
 */
export const bounds = {
  /** The entity, until its operation has ended. */
  instance: { base: 30, per: { event: 10, message: 22, stop: 25, check: 20, restart: 20 } },
  /** From the name to the ready mail, or to the end of the whole undo, however long it waits for payment or hosts. */
  provision: { base: 120, per: { event: 15, wait: 36 } },
  /** From the check to the ready server; a check without a finding takes a dozen. */
  checkDrift: { base: 60, per: { wait: 36 } },
  /** From the request to the healthy server. */
  restart: { base: 50, per: { wait: 36 } },
  reconcileFleet: { base: 20, per: { page: 36, repair: 25 } },
  scanDrift: { base: 10, per: { page: 14 } },
  keepSnapshots: { base: 15, per: { page: 7 } },
  checkClouds: { base: 10, per: { cloud: 7 } },
  /** However many years a server is paid for: a long one continues as new. */
  subscription: { base: 10, per: { read: 25 } },
  settleLatePayment: { base: 20, per: { refusal: 14 } },
  applyCorrection: { base: 30, per: { refusal: 5 } },
  tellOperators: { base: 12, per: { target: 6 } },
} as const;

/** The lists that a reconcile pass compares, page by page. */
const pages = [
  'readOrders',
  'readSubscriptions',
  'readLicenceList',
  'readHolds',
  'readStacks',
  'readObjects',
  'askDriftChecks',
  'keepSnapshots',
];

/** Events that make a history longer. */
export const happenings: Readonly<Record<string, (event: Event) => boolean>> = {
  /** A webhook reports a change of the payment. */
  event: ({ signalled }) => signalled === 'payment-changed',
  /** An Update, or a request for cancellation. */
  message: ({ asks }) => asks,
  /** An operation ends without a result: it was terminated. */
  stop: ({ stops }) => stops,
  /** A check of drift begins. */
  check: ({ begins }) => begins === 'checkDrift',
  /** A restart begins. */
  restart: ({ begins }) => begins === 'restart',
  /** A step calls for an operator, and is decided about, or retried automatically. */
  wait: ({ activity }) => activity === 'noteNeedsOperator',
  page: ({ activity }) => activity !== undefined && pages.includes(activity),
  /** A cloud is checked. */
  cloud: ({ activity }) => activity === 'checkCloud',
  /** A subscription is read at Stripe. */
  read: ({ activity }) => activity === 'readSubscription',
  repair: ({ activity }) => activity === 'permitRepair',
  /** An address is told about an incident. */
  target: ({ activity }) => activity === 'tellTarget',
  /** Stripe refuses to settle, or a relay to take a mail. */
  refusal: ({ fails }) => fails,
};

/** Maximum number of events of this history, by its occurrences. */
export function boundOf(run: Run): number {
  const { base, per } = bounds[typeOf(run) as keyof typeof bounds];
  const events = eventsOf(run);
  const more = Object.entries(per).map(
    ([name, each]) => each * events.filter((event) => happenings[name]?.(event)).length,
  );
  return more.reduce((sum, each) => sum + each, base);
}
