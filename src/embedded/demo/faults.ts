import type { TimelineEvent } from '../../contracts/events.ts';
import type { OrderState } from '../../contracts/states.ts';
import { formatMoney } from '../../domain/billing/money.ts';
import type { Platform } from '../platform.ts';
import type { Section } from '../terminal.ts';
import type { Outside } from './outside.ts';
import { testCards } from './pay-with-card.ts';

/** A failure that the demo provokes: `--fault <name>`. */
export interface Fault {
  title: string;
  /** Shorter deadlines and lower limits for this demonstration. */
  overrides: Record<string, string>;
  card: string;
  /** The final state of the order. */
  ends: OrderState;
  /** Whether money was taken, so that it must be refunded. */
  takesMoney: boolean;
  before?: (outside: DemoContext) => Promise<void>;
  /** Acts once, at the first event of the order that `when` accepts. */
  when?: (event: TimelineEvent) => boolean;
  act?: (outside: DemoContext) => Promise<void>;
  after?: (outside: DemoContext) => Promise<void>;
}

export interface DemoContext {
  platform: Platform;
  outside: Outside;
  cancel(): Promise<void>;
}

export const faults = {
  decline: {
    title: 'the card is declined until the order ends',
    overrides: { FREEHOLD_DECLINES: '3' },
    card: testCards.declined,
    ends: 'declined',
    takesMoney: false,
  },
  host: {
    title: 'the server is built but never answers',
    overrides: { FREEHOLD_AWAIT_HEALTHY_MS: '6000', FREEHOLD_OPERATOR_WINDOW_MS: '3000' },
    card: testCards.good,
    ends: 'failed_refunded',
    takesMoney: true,
    before: ({ outside }) => outside.setCloudFault({ createHost: 'never-healthy', times: 3 }),
    after: ({ outside }) => outside.clearCloudFaults(),
  },
  'licence-down': {
    title: 'the licence server is down for longer than an order waits',
    overrides: { FREEHOLD_ISSUE_LICENCE_MS: '5000', FREEHOLD_OPERATOR_WINDOW_MS: '3000' },
    card: testCards.good,
    ends: 'failed_refunded',
    takesMoney: true,
    before: ({ platform }) => platform.process('licence').stop(),
    // The refund must not wait for the licence server, but revoking must: it comes back once the money is refunded.
    when: (event) => event.type === 'step' && event.step === 'settle-money' && event.status === 'succeeded',
    act: ({ platform }) => platform.process('licence').start(),
    after: ({ platform }) => platform.process('licence').start(),
  },
  cancel: {
    title: 'the customer cancels while the server is being built',
    overrides: {},
    card: testCards.good,
    ends: 'cancelled',
    takesMoney: true,
    before: ({ outside }) => outside.setCloudFault({ createHostMs: 4_000 }),
    when: (event) => event.type === 'log' && event.step === 'stack-up',
    act: ({ cancel }) => cancel(),
    after: ({ outside }) => outside.clearCloudFaults(),
  },
} as const satisfies Record<string, Fault>;
export type FaultName = keyof typeof faults;

export interface Check {
  what: string;
  ok: boolean;
  found: string;
}

/** Checks from outside whether anything of a failed order is left over or missing; shows and returns every finding. */
export async function checkNoLeftovers(options: {
  fault: Fault;
  outside: Outside;
  section: Section;
  order: { id: string; instanceId: string; state: OrderState; total: number };
  payer: string;
  isNameFree: () => Promise<boolean>;
  addresses: () => Promise<string[]>;
}): Promise<Check[]> {
  const { fault, outside, order } = options;
  const checks: [what: string, look: () => Promise<Omit<Check, 'what'>>][] = [
    ['Order', async () => ({ ok: order.state === fault.ends, found: order.state })],
    [
      'Money at Stripe',
      async () => {
        const { taken, refunded, live, open } = await outside.money(order.id);
        const ok = taken === refunded && live === 0 && open === 0 && taken === (fault.takesMoney ? order.total : 0);
        const sums = `taken ${formatMoney(taken, 'EUR')}, refunded ${formatMoney(refunded, 'EUR')}`;
        return { ok, found: `${sums}, active subscriptions ${live}, open invoices ${open}` };
      },
    ],
    [
      'Objects at the cloud',
      async () => {
        const left = await outside.cloudObjects(order.instanceId);
        return { ok: left.length === 0, found: left.length === 0 ? 'none carries its tag' : left.join(', ') };
      },
    ],
    [
      'Name in DNS',
      async () => {
        const addresses = await options.addresses();
        return { ok: addresses.length === 0, found: addresses.length === 0 ? 'gone' : addresses.join(', ') };
      },
    ],
    [
      'Pulumi stack',
      async () => {
        const exists = (await outside.stacks()).includes(`inst-${order.instanceId}`);
        return { ok: !exists, found: exists ? 'still there' : 'gone' };
      },
    ],
    [
      'Licence',
      async () => {
        const usable = (await outside.licences(order.instanceId)).filter(({ revokedAt }) => revokedAt === null);
        return { ok: usable.length === 0, found: usable.length === 0 ? 'revoked or never issued' : 'still valid' };
      },
    ],
    [
      'Hostname',
      async () => {
        const free = await options.isNameFree();
        return { ok: free, found: free ? 'can be ordered again' : 'still held' };
      },
    ],
    [
      'E-mail to the payer',
      async () => {
        const mails = await outside.mails(order.id);
        const expected = fault.takesMoney ? mails.length > 0 : mails.length === 0;
        const isOnlyToPayer = mails.every(({ to }) => to.includes(options.payer));
        const subjects = mails.map(({ subject }) => `“${subject}”`).join(', ');
        return { ok: expected && isOnlyToPayer, found: subjects || 'none, because nothing was paid' };
      },
    ],
  ];
  const results: Check[] = [];
  for (const [what, look] of checks) {
    const row = options.section.row(what);
    row.start();
    const { ok, found } = await look();
    row.end(ok ? 'done' : 'failed', found, 0);
    results.push({ what, ok, found });
  }
  return results;
}
