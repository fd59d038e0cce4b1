import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MismatchKind } from '../../../src/contracts/fleet.ts';
import { endedOrderStates, InstanceStatus, OrderState } from '../../../src/contracts/states.ts';
import { describeReconcile } from '../../../src/domain/fleet/describe-reconcile.ts';
import {
  type Disposition,
  dispositionOf,
  judgeHold,
  judgeLicence,
  judgeObject,
  judgeOrder,
  judgeSettled,
  judgeStack,
  judgeSubscription,
  type ObjectFacts,
  type OrderFacts,
  type OrderHoldings,
  sourceOf,
} from '../../../src/domain/fleet/reconcile.ts';
import { textsOf } from '../../../src/texts/texts.ts';

const { reasons: reasonTexts } = textsOf('en');

const settling = { at: 1_000_000_000, settlingMs: 600_000 };
const longAgo = settling.at - 86_400_000;
const justNow = settling.at - 1_000;
const instanceId = 'i0123456789abcdef';
const orderId = 'ord_0123456789abcdef';

function delivered(change: Partial<OrderFacts> = {}): OrderFacts {
  return {
    orderId,
    instanceId,
    state: 'fulfilled',
    total: 2_900,
    endedAt: longAgo,
    name: 'acme',
    hostname: 'acme.local.freehold.localhost',
    cloud: 'local',
    busy: false,
    server: { status: 'ready', readyAt: longAgo, standing: 'current', standingRevision: 1, serverIds: ['host-1'] },
    nameHolder: instanceId,
    ...change,
  };
}

function undone(change: Partial<OrderFacts> = {}): OrderFacts {
  const server = { status: 'aborted' as const, readyAt: null, standing: null, standingRevision: 0, serverIds: [] };
  return delivered({ state: 'cancelled', server, nameHolder: null, ...change });
}

function whole(change: Partial<OrderHoldings> = {}): OrderHoldings {
  return {
    money: {
      paid: 2_900,
      refunded: 0,
      owedOutside: 0,
      unrefunded: ['pi_1'],
      openInvoices: 0,
      liveSubscriptions: 1,
      inFlight: false,
    },
    licences: [{ licenceId: 'lic_1', standing: 'current', revision: 1 }],
    resolves: true,
    hosts: ['host-1'],
    ...change,
  };
}

const nothing: OrderHoldings = {
  money: {
    paid: 2_900,
    refunded: 2_900,
    owedOutside: 0,
    unrefunded: [],
    openInvoices: 0,
    liveSubscriptions: 0,
    inFlight: false,
  },
  licences: [],
  resolves: false,
  hosts: [],
};

const kinds = (mismatches: { kind: string; repair: string | null }[]) =>
  mismatches.map(({ kind, repair }) => [kind, repair]);

describe('a delivered order', () => {
  test.each<[string, Partial<OrderFacts>, OrderHoldings, [string, null][]]>([
    ['that everybody knows', {}, whole(), []],
    [
      'whose payment went back',
      {},
      whole({ money: { ...nothing.money!, liveSubscriptions: 1 } }),
      [['payment_missing', null]],
    ],
    [
      'without a subscription',
      {},
      whole({ money: { ...whole().money!, liveSubscriptions: 0 } }),
      [['subscription_missing', null]],
    ],
    ['without a licence', {}, whole({ licences: [] }), [['licence_missing', null]]],
    [
      'with another standing at the licence server',
      {},
      whole({ licences: [{ licenceId: 'lic_1', standing: 'suspended', revision: 2 }] }),
      [['licence_standing_differs', null]],
    ],
    [
      'with an older standing at the licence server',
      { server: { ...delivered().server!, standingRevision: 2 } },
      whole(),
      [['licence_standing_differs', null]],
    ],
    ['that does not hold its name', { nameHolder: orderId }, whole(), [['name_not_held', null]]],
    ['without a DNS record', {}, whole({ resolves: false }), [['dns_record_missing', null]]],
    ['without its host', {}, whole({ hosts: ['host-2'] }), [['host_gone', null]]],
    ['that cost nothing', { total: 0 }, whole({ money: { ...nothing.money!, liveSubscriptions: 1 } }), []],
    ['whose other systems do not answer', {}, { money: null, licences: null, resolves: null, hosts: null }, []],
  ])('%s', (_title, change, holdings, expected) => {
    expect(kinds(judgeOrder(delivered(change), holdings, settling))).toEqual(expected);
  });
});

describe('an order that was undone', () => {
  test('keeps nothing', () => {
    expect(judgeOrder(undone(), nothing, settling)).toEqual([]);
  });
  test('whose money was kept is settled by itself', () => {
    const money = { ...nothing.money!, refunded: 0, unrefunded: ['pi_1'], openInvoices: 1 };
    expect(kinds(judgeOrder(undone(), { ...nothing, money }, settling))).toEqual([
      ['money_kept', 'settle_money'],
      ['invoice_left', 'settle_money'],
    ]);
  });
  test('that was paid outside Stripe is for a person, and one that was delivered is paid', () => {
    const money = { ...nothing.money!, paid: 2_900, refunded: 0, owedOutside: 2_900 };
    expect(kinds(judgeOrder(undone(), { ...nothing, money }, settling))).toEqual([['money_outside', null]]);
    const delivery = { ...money, liveSubscriptions: 1 };
    expect(judgeOrder(delivered(), whole({ money: delivery }), settling)).toEqual([]);
  });
  test('whose payment is still on its way is left alone', () => {
    const money = { ...nothing.money!, openInvoices: 1, inFlight: true };
    expect(judgeOrder(undone(), { ...nothing, money }, settling)).toEqual([]);
  });
});

describe('what is in motion is no mismatch', () => {
  test.each<[string, Partial<OrderFacts>]>([
    ['an operation that has not ended', { busy: true }],
    ['an order that is open', { state: 'fulfilling', endedAt: null }],
    ['an order that ended a moment ago', { endedAt: justNow }],
    ['a server that became ready a moment ago', { server: { ...delivered().server!, readyAt: justNow } }],
  ])('%s', (_title, change) => {
    expect(dispositionOf(delivered(change), settling)).toBe('unsettled');
    expect(judgeOrder(delivered(change), nothing, settling)).toEqual([]);
  });

  test('an item that changed a moment ago, or whose owner is in motion, is counted and not judged', () => {
    const owned = (owner: string, changedAt: number) => ({ owner, changedAt });
    const items = [owned('a', longAgo), owned('a', justNow), owned('b', longAgo), owned('c', longAgo)];
    const judged = judgeSettled(items, settling, {
      owner: ({ owner }) => owner,
      changedAt: ({ changedAt }) => changedAt,
      dispositions: { a: 'undone', b: 'unsettled' },
      judge: ({ owner }, disposition) => [{ kind: 'stack_left', subject: `${owner} ${disposition}`, repair: null }],
    });
    expect(judged).toEqual({
      mismatches: ['a undone', 'c unknown'].map((subject) => ({ kind: 'stack_left', subject, repair: null })),
      inMotion: 2,
      leftAlone: ['a', 'b'],
    });
  });
});

describe('the fate of an order', () => {
  const server = (status: InstanceStatus) => ({ ...delivered().server!, status });
  test.each<[Disposition, Partial<OrderFacts> | null]>([
    ['unknown', null],
    ['lives', {}],
    ['lives', { server: server('suspended') }],
    ['ended', { server: server('terminated') }],
    ['undone', { state: 'failed_refunded', server: server('aborted') }],
    ['undone', { state: 'expired', server: null }],
    // Our own records disagree: no automatic repair.
    ['ended', { state: 'cancelled', server: server('ready') }],
  ])('%s: %j', (disposition, change) => {
    expect(dispositionOf(change && delivered(change), settling)).toBe(disposition);
  });
});

/** Every possible leftover of an instance, judged under one disposition. */
function leftovers(disposition: Disposition, managed: boolean | null = null) {
  const object = (role: ObjectFacts['role']): ObjectFacts => ({
    id: `${role}-1`,
    role,
    instanceId,
    createdAt: longAgo,
  });
  const about = { cloud: 'local' as const, disposition, managed };
  return [
    ...judgeSubscription({ subscriptionId: 'sub_1', orderId }, disposition),
    ...judgeLicence({ licenceId: 'lic_1', externalRef: instanceId, createdAt: longAgo }, disposition),
    ...judgeHold({ name: 'acme', holderId: instanceId, until: null }, disposition),
    ...judgeStack({ stack: `inst-${instanceId}`, instanceId, changedAt: longAgo }, disposition),
    ...judgeObject(object('volume'), about),
    ...judgeObject(object('record'), about),
  ];
}

describe('what is left', () => {
  test('of an undone order is removed by itself', () => {
    expect(kinds(leftovers('undone'))).toEqual([
      ['subscription_left', 'settle_money'],
      ['licence_left', 'revoke_licence'],
      ['hold_left', 'release_hold'],
      ['stack_left', 'destroy_leftovers'],
      ['object_left', 'destroy_leftovers'],
      ['dns_record_left', 'destroy_leftovers'],
    ]);
  });
  test('of an order that was delivered once, or that nobody knows, waits for people; but a name without an owner is freed', () => {
    for (const disposition of ['ended', 'unknown'] as const) {
      const byThemselves = leftovers(disposition).filter(({ repair }) => repair !== null);
      expect(kinds(byThemselves)).toEqual(disposition === 'unknown' ? [['hold_left', 'release_hold']] : []);
      expect(leftovers(disposition)).toHaveLength(6);
    }
    expect(leftovers('unknown')[0]?.kind).toBe('subscription_unknown');
  });
  test('of an order that lives or is in motion is where it belongs', () => {
    expect([...leftovers('lives', true), ...leftovers('lives', null), ...leftovers('unsettled')]).toEqual([]);
  });
  test('of a living one in no state waits for people', () => {
    expect(kinds(leftovers('lives', false))).toEqual([
      ['object_unmanaged', null],
      ['object_unmanaged', null],
    ]);
  });
  test('is dealt with as an orphan where an operator asks: taken over by who lives, removed without data and stack', () => {
    const judge = (
      disposition: Disposition,
      about: { managed: boolean | null; withVolume?: boolean; orphans?: boolean },
    ) => {
      const object: ObjectFacts = { id: 'net-1', role: 'other', instanceId, createdAt: longAgo };
      return judgeObject(object, { cloud: 'local', disposition, orphans: true, ...about })[0]?.repair;
    };
    expect(judge('lives', { managed: false })).toBe('adopt_objects');
    expect(judge('lives', { managed: true })).toBeUndefined();
    expect(judge('unknown', { managed: false })).toBe('remove_unowned');
    expect(judge('unknown', { managed: false, orphans: false })).toBeNull();
    expect(judge('unknown', { managed: false, withVolume: true })).toBeNull();
    // A stack contains it, or its state was not read: the records may be incomplete.
    expect(judge('unknown', { managed: true })).toBeNull();
    expect(judge('unknown', { managed: null })).toBeNull();
    expect(judge('undone', { managed: false })).toBe('destroy_leftovers');
    expect(judge('ended', { managed: false })).toBeNull();
    expect(judge('unsettled', { managed: false })).toBeUndefined();
  });
  test("a licence that was sold alone and a hold that ends by itself are nobody's business", () => {
    expect(judgeLicence({ licenceId: 'l', externalRef: 'partner-7', createdAt: longAgo }, 'unknown')).toEqual([]);
    expect(judgeHold({ name: 'acme', holderId: orderId, until: settling.at + 1 }, 'unknown')).toEqual([]);
  });
});

describe('in general', () => {
  const times = fc.integer({ min: 0, max: settling.at });
  const orders = fc.record({
    state: fc.constantFrom(...OrderState.options),
    endedAt: fc.option(times),
    busy: fc.boolean(),
    status: fc.constantFrom(...InstanceStatus.options),
    readyAt: fc.option(times),
  });

  test('there is no mismatch in a consistent world, at any moment of any order', () => {
    fc.assert(
      fc.property(orders, ({ state, endedAt, busy, status, readyAt }) => {
        const order = delivered({ state, endedAt, busy, server: { ...delivered().server!, status, readyAt } });
        const disposition = dispositionOf(order, settling);
        const holdings = disposition === 'undone' ? nothing : whole();
        expect(judgeOrder(order, holdings, settling)).toEqual([]);
        if (disposition === 'lives' || disposition === 'unsettled') expect(leftovers(disposition, true)).toEqual([]);
      }),
    );
  });

  test('nothing is done by itself about anything that was ever delivered or is in motion', () => {
    const holdings = fc.record({
      money: fc.option(
        fc.record({
          paid: fc.nat(9_000),
          refunded: fc.nat(9_000),
          owedOutside: fc.nat(9_000),
          unrefunded: fc.array(fc.string(), { maxLength: 2 }),
          openInvoices: fc.nat(2),
          liveSubscriptions: fc.nat(2),
          inFlight: fc.boolean(),
        }),
      ),
      licences: fc.constantFrom(null, [], whole().licences),
      resolves: fc.constantFrom(null, true, false),
      hosts: fc.option(fc.subarray(['host-1'])),
    });
    fc.assert(
      fc.property(orders, holdings, ({ state, endedAt, busy, status, readyAt }, held) => {
        const order = delivered({ state, endedAt, busy, server: { ...delivered().server!, status, readyAt } });
        const automatic = [
          ...judgeOrder(order, held, settling),
          ...leftovers(dispositionOf(order, settling), false),
        ].filter(({ repair }) => repair !== null);
        if (automatic.length === 0) return;
        expect(busy).toBe(false);
        expect(state).not.toBe('fulfilled');
        expect(endedOrderStates).toContain(state);
        expect(settling.at - (endedAt ?? 0)).toBeGreaterThanOrEqual(settling.settlingMs);
      }),
    );
  });

  test('every kind has its sentences and a source', () => {
    for (const kind of MismatchKind.options) {
      expect(reasonTexts[kind].operator.length + reasonTexts[kind].next.length).toBeGreaterThan(40);
      expect(sourceOf[kind]).toBeDefined();
    }
  });
});

test('the Temporal UI tells what was found, what it means and what is done by itself', () => {
  const text = describeReconcile({
    parts: ['records'],
    list: null,
    report: {
      repair: false,
      compared: 7,
      inMotion: 0,
      found: 2,
      repaired: 0,
      unread: ['payments'],
      mismatches: [
        { kind: 'hold_left', subject: 'acme', repair: 'release_hold' },
        { kind: 'host_gone', subject: 'host-1', repair: null },
      ],
    },
  });
  expect(text).toContain('7 compared, 2 mismatches, nothing changed.');
  expect(text).toContain('No response: payments.');
  expect(text).toContain('- `acme` (automatic: release_hold)');
  expect(text).toContain(reasonTexts.host_gone.next);
});
