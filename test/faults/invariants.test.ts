import { describe, expect, test } from '@jest/globals';
import type { Evidence, OrderFact } from '../../faults/evidence.ts';
import { type InvariantName, violationsOf } from '../../faults/invariants/all.ts';

const kinds = ['hosts', 'records', 'volumes', 'addresses'];

function order(id: string, state: OrderFact['state']): OrderFact {
  const instanceStatus = state === 'fulfilled' ? 'ready' : 'aborted';
  const instanceId = `i-${id}`;
  return {
    ...{ id, instanceId, instanceStatus, name: `name-${id}`, hostname: `name-${id}.example`, state, total: 1_000 },
    ...{ adminEmail: `admin-${id}@example.com`, billingEmail: `payer-${id}@example.com` },
  };
}

/** One order that was delivered, one that was cancelled after it was paid, and nothing wrong. */
function allIsWell(): Evidence {
  const [good, gone] = [order('ord_good', 'fulfilled'), order('ord_gone', 'cancelled')];
  return {
    orders: [good, gone],
    customers: [good, gone].map(({ id }) => ({ orderId: id, settled: true, streamed: [1, 2, 3] })),
    stripe: {
      subscriptions: [
        { id: 'sub_good', status: 'active', orderId: good.id },
        { id: 'sub_gone', status: 'canceled', orderId: gone.id },
      ],
      invoices: [
        { id: 'in_good', status: 'paid', subscriptionId: 'sub_good' },
        { id: 'in_gone', status: 'paid', subscriptionId: 'sub_gone' },
      ],
      charges: [
        { id: 'ch_good', orderId: good.id, amount: 1_000, refunded: 0 },
        { id: 'ch_gone', orderId: gone.id, amount: 1_000, refunded: 1_000 },
      ],
    },
    cloud: kinds.map((kind) => ({
      ...{ kind, name: `${kind}-of-good`, instanceId: good.instanceId },
      pid: kind === 'hosts' ? 100 : null,
    })),
    answering: [good.instanceId],
    stacks: [`inst-${good.instanceId}`],
    engineLocks: [],
    leases: [{ stack: `inst-${good.instanceId}`, owner: null }],
    licences: [
      { id: 'lic_good', instanceId: good.instanceId, usable: true, activeNodes: 1 },
      { id: 'lic_gone', instanceId: gone.instanceId, usable: false, activeNodes: 0 },
    ],
    mails: [
      { messageId: `<${good.id}-ready@example>`, to: [good.adminEmail] },
      { messageId: `<${good.id}-link@example>`, to: [good.billingEmail] },
      { messageId: `<${good.id}-paid@example>`, to: [good.billingEmail] },
      { messageId: `<${gone.id}-outcome@example>`, to: [gone.billingEmail] },
    ],
    outbox: [{ messageId: `<${good.id}-ready@example>`, status: 'sent' }],
    holds: [{ name: good.name, holder: 'instance', holderId: good.instanceId, ended: false }],
    freeNames: [gone.name],
    operations: [
      { id: 'op_good', instanceId: good.instanceId, status: 'succeeded' },
      { id: 'op_gone', instanceId: gone.instanceId, status: 'cancelled' },
    ],
    timelines: [good, gone].map(({ instanceId }) => ({ instanceId, sequences: [1, 2, 3] })),
    workflows: [
      { id: `instance/${good.instanceId}`, status: 'RUNNING' },
      { id: `instance/${gone.instanceId}`, status: 'COMPLETED' },
      { id: 'subscription/sbs_good', status: 'RUNNING', instanceId: good.instanceId },
    ],
    processes: [
      { pid: 10, role: 'supervised', command: 'api' },
      { pid: 100, role: 'host', command: 'host' },
      { pid: 11, role: 'idle-runner', command: 'runner' },
    ],
    texts: [{ where: 'logs/api.log', text: 'an order was placed' }],
    secrets: [{ what: 'the key quote-key', value: 'verysecretvalue' }],
  };
}

test('finds nothing where nothing is wrong', () => {
  expect(violationsOf(allIsWell())).toEqual([]);
});

test('two copies of one mail are one mail: they have one Message-ID', () => {
  const evidence = allIsWell();
  evidence.mails.push({ ...evidence.mails[0]! });
  expect(violationsOf(evidence)).toEqual([]);
});

const planted: readonly [invariant: InvariantName, what: string, plant: (evidence: Evidence) => void, found: RegExp][] =
  [
    ['orders', 'an order that has not ended', ({ orders }) => (orders[1]!.state = 'cancelling'), /has not ended/],
    ['orders', 'an order of nobody', ({ customers }) => customers.pop(), /was placed by no customer/],
    ['orders', 'an order that is lost', ({ orders }) => orders.pop(), /was accepted and is lost/],
    ['orders', 'an order that ended too late', ({ customers }) => (customers[0]!.settled = false), /not in time/],
    ['orders', 'an instance that still undoes', ({ orders }) => (orders[1]!.instanceStatus = 'undoing'), /is undoing/],
    ['orders', 'an operation that runs', ({ operations }) => (operations[0]!.status = 'running'), /is running/],
    [
      'orders',
      'two operations',
      ({ operations }) => operations.push({ ...operations[0]!, id: 'op_2' }),
      /2 operations/,
    ],
    [
      'money',
      'a second charge',
      ({ stripe }) => stripe.charges.push({ id: 'ch_2', orderId: 'ord_good', amount: 1_000, refunded: 1_000 }),
      /charged 2 times/,
    ],
    ['money', 'a wrong amount', ({ stripe }) => (stripe.charges[0]!.refunded = 1), /999 is kept/],
    ['money', 'money that did not go back', ({ stripe }) => (stripe.charges[1]!.refunded = 400), /600 is kept/],
    ['money', 'a charge of nobody', ({ stripe }) => (stripe.charges[1]!.orderId = null), /belongs to no order/],
    ['money', 'a live subscription', ({ stripe }) => (stripe.subscriptions[1]!.status = 'active'), /1 active subscr/],
    ['money', 'a dead subscription', ({ stripe }) => (stripe.subscriptions[0]!.status = 'canceled'), /0 active subscr/],
    [
      'money',
      'a second subscription that nobody knows',
      ({ stripe }) => stripe.subscriptions.push({ id: 'sub_x', status: 'incomplete', orderId: null }),
      /belongs to no order/,
    ],
    [
      'money',
      'an open invoice',
      ({ stripe }) => stripe.invoices.push({ id: 'in_x', status: 'open', subscriptionId: 'sub_gone' }),
      /1 open invoices/,
    ],
    [
      'money',
      'an open invoice of no subscription',
      ({ stripe }) => stripe.invoices.push({ id: 'in_x', status: 'draft', subscriptionId: null }),
      /belongs to no subscription/,
    ],
    ['hosts', 'a missing disk', (evidence) => evidence.cloud.splice(2, 1), /has 0 volumes/],
    ['hosts', 'a second host', ({ cloud }) => cloud.push({ ...cloud[0]!, name: 'twin' }), /has 2 hosts/],
    ['hosts', 'a host that is left', ({ cloud }) => cloud.push({ ...cloud[0]!, instanceId: 'i-ord_gone' }), /is left/],
    [
      'hosts',
      'a thing without a tag',
      ({ cloud }) => cloud.push({ ...cloud[1]!, instanceId: null }),
      /without an owner/,
    ],
    ['hosts', 'a silent host', ({ answering }) => answering.pop(), /does not answer/],
    ['hosts', 'a host that still answers', ({ answering }) => answering.push('i-ord_gone'), /still answers/],
    ['licences', 'no licence', ({ licences }) => licences.shift(), /has 0 usable/],
    ['licences', 'two licences', ({ licences }) => licences.push({ ...licences[0]!, id: 'lic_2' }), /has 2 usable/],
    ['licences', 'a licence that stayed', ({ licences }) => (licences[1]!.usable = true), /can still be used/],
    ['licences', 'a seat that stayed', ({ licences }) => (licences[1]!.activeNodes = 1), /1 active nodes/],
    ['licences', 'a node too many', ({ licences }) => (licences[0]!.activeNodes = 2), /has 2 active nodes/],
    ['mails', 'no ready mail', ({ mails }) => mails.shift(), /0 ready mails/],
    [
      'mails',
      'a ready mail for nothing',
      ({ mails }) => mails.push({ messageId: '<ord_gone-ready@example>', to: ['admin-ord_gone@example.com'] }),
      /cancelled with 1 ready/,
    ],
    [
      'mails',
      'a second Message-ID',
      ({ mails }) => mails.push({ messageId: '<ord_good-ready@example2>', to: ['admin-ord_good@example.com'] }),
      /2 ready mails/,
    ],
    [
      'mails',
      'a link of an order that was never paid',
      ({ mails, stripe }) => {
        stripe.charges.pop();
        mails.at(-1)!.messageId = '<ord_gone-link@example>';
      },
      /1 links mailed/,
    ],
    [
      'mails',
      'a reason for an order that was never paid',
      ({ stripe }) => stripe.charges.pop(),
      /1 mails that give the reason/,
    ],
    ['mails', 'no reason given', ({ mails }) => mails.pop(), /0 mails that give the reason/],
    ['mails', 'a wrong address', ({ mails }) => mails[1]!.to.push('eve@example.com'), /went to the wrong recipient/],
    [
      'mails',
      'a mail of no order',
      ({ mails }) => mails.push({ messageId: '<x@example>', to: [] }),
      /belongs to no order/,
    ],
    ['mails', 'a mail that waits', ({ outbox }) => (outbox[0]!.status = 'pending'), /is pending in the outbox/],
    ['names', 'a name that nobody freed', ({ freeNames }) => freeNames.pop(), /holds name-ord_gone/],
    ['names', 'a name that was lost', ({ holds }) => holds.pop(), /is not its instance's/],
    ['names', 'a name sold twice', ({ freeNames }) => freeNames.push('name-ord_good'), /is offered again/],
    [
      'names',
      'a hold without an owner',
      ({ holds }) => holds.push({ name: 'other', holder: 'order', holderId: 'ord_gone', ended: false }),
      /is held by order/,
    ],
    ['stacks', 'a missing stack', ({ stacks }) => stacks.pop(), /is missing/],
    ['stacks', 'a stack that is left', ({ stacks }) => stacks.push('inst-i-ord_gone'), /is left over/],
    ['stacks', "the engine's lock", ({ engineLocks }) => engineLocks.push('locks/x.json'), /lock .* is left over/],
    ['stacks', 'a lease', ({ leases }) => (leases[0]!.owner = 'somebody'), /is still held/],
    [
      'processes',
      'a provider',
      ({ processes }) => processes.push({ pid: 12, role: 'provider', command: 'p' }),
      /process 12 belongs to nothing/,
    ],
    [
      'processes',
      'a host that the cloud does not know',
      ({ processes }) => processes.push({ pid: 101, role: 'host', command: 'h' }),
      /process 101 belongs to nothing/,
    ],
    ['processes', 'two idle runners', ({ processes }) => processes.push(processes[2]!), /2 idle runners/],
    ['timelines', 'a gap', ({ timelines }) => timelines[0]!.sequences.splice(1, 1), /has no number 2/],
    ['timelines', 'a number twice', ({ timelines }) => timelines[0]!.sequences.splice(1, 0, 1), /has no number 2/],
    ['timelines', 'no timeline', ({ timelines }) => timelines.pop(), /is empty/],
    ['timelines', 'a stream with a gap', ({ customers }) => customers[1]!.streamed.shift(), /did not deliver number 1/],
    [
      'workflows',
      'one that runs',
      ({ workflows }) => workflows.push({ id: 'billing/late/pi_1', status: 'RUNNING' }),
      /billing\/late\/pi_1 is RUNNING/,
    ],
    ['workflows', 'one that failed', ({ workflows }) => (workflows[1]!.status = 'FAILED'), /is FAILED/],
    ['workflows', 'an instance without one', ({ workflows }) => workflows.shift(), /runs 0 times/],
    ['workflows', 'no subscription', ({ workflows }) => workflows.pop(), /0 subscriptions of the delivered instance/],
    [
      'workflows',
      'a subscription of nobody',
      ({ workflows }) => workflows.push({ id: 'subscription/sbs_gone', status: 'RUNNING' }),
      /subscription\/sbs_gone is RUNNING/,
    ],
    [
      'secrets and addresses',
      'a key',
      ({ texts }) => (texts[0]!.text += ' verysecretvalue'),
      /logs\/api.log holds the key/,
    ],
    [
      'secrets and addresses',
      'a client secret',
      ({ texts }) => (texts[0]!.text += ' pi_1Abc_secret_9xYz'),
      /holds a client secret/,
    ],
    [
      'secrets and addresses',
      'a licence key',
      ({ texts }) => (texts[0]!.text += ' "FH-0123456-789ABCD-EFGHJKM-NPQRSTV"'),
      /holds a licence key/,
    ],
  ];

describe('finds what was planted', () => {
  test.each(planted)('%s: %s', (invariant, _what, plant, found) => {
    const evidence = allIsWell();
    plant(evidence);
    const own = violationsOf(evidence).filter((violation) => violation.invariant === invariant);
    expect(own.map(({ what }) => what).join('\n')).toMatch(found);
  });
});
