import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { ReconcileInput, ReconcileReport } from '../../../src/contracts/fleet.ts';
import { bounds } from '../../histories/bounds.ts';
import { runsOf, startDevServer } from '../../support/temporal.ts';
import { compareFleet, createFleet, type Fleet, instanceOf, order, orderOf, passWorkflowId } from './fleet-world.ts';

function run(
  fleet: Fleet,
  input: ReconcileInput = { parts: ['records', 'cloud'], repair: true },
): Promise<ReconcileReport> {
  return compareFleet({ fleet, input }, (report) => report);
}

describe('comparing the fleet', () => {
  test('goes through every page, and finds nothing where all agree', async () => {
    const fleet = createFleet([0, 1, 2, 3, 4].map((number) => order(number)));
    expect(await run(fleet)).toEqual({
      repair: true,
      compared: 5,
      inMotion: 0,
      found: 0,
      repaired: 0,
      mismatches: [],
      unread: [],
    });
    expect(fleet.calls).toEqual(['orders after ', 'orders after 2', 'orders after 4']);
    expect(fleet.closed).toHaveLength(1);
    expect(fleet.closed[0]).toHaveLength(11);
  }, 60_000);

  test('says how many things it did not judge because they are in motion', async () => {
    const fleet = createFleet([order(0, { busy: true, nameHolder: null }), order(1)]);
    fleet.objects.push({ id: 'vol-0', role: 'volume', instanceId: instanceOf(0), createdAt: 0 });
    const report = await run(fleet, { parts: ['records', 'cloud'], repair: true });
    expect(report).toMatchObject({ compared: 3, inMotion: 2, found: 0 });
  }, 60_000);

  test('a dry run reports and touches nothing', async () => {
    const fleet = createFleet([order(0, { nameHolder: null }), order(1)]);
    fleet.objects.push({ id: 'vol-1', role: 'volume', instanceId: instanceOf(1), createdAt: 0 });
    const report = await run(fleet, { parts: ['records', 'cloud'], repair: false });
    expect(report.mismatches.map(({ kind, repair }) => [kind, repair])).toEqual([
      ['name_not_held', null],
      ['object_left', 'destroy_leftovers'],
    ]);
    expect(report.repaired).toBe(0);
    expect([fleet.noted.size, fleet.closed.length, fleet.repaired.length]).toEqual([0, 0, 0]);
    expect(fleet.calls).toEqual(['orders after ']);
  }, 60_000);

  test('repairs what is safe once everything is compared, each thing once; the rest waits', async () => {
    const fleet = createFleet([order(0), order(1), order(3)]);
    const { activities } = fleet;
    const readPayments = activities.readPayments;
    activities.readPayments = async (ids) => {
      const facts = await readPayments(ids);
      const kept = facts[orderOf(1)];
      if (kept) Object.assign(kept, { unrefunded: ['pi_1'], openInvoices: 1 });
      return facts;
    };
    activities.readHolds = async () => ({
      items: [{ name: 'left', holderId: instanceOf(3), until: null }],
      next: null,
    });
    activities.readLicenceList = async () => ({
      items: [{ licenceId: 'lic_9', externalRef: instanceOf(3), createdAt: 0 }],
      next: null,
    });
    for (const object of ['a', 'b', 'c']) {
      fleet.objects.push({ id: `vol-${object}`, role: 'volume', instanceId: instanceOf(3), createdAt: 0 });
    }
    fleet.objects.push({ id: 'vol-x', role: 'volume', instanceId: instanceOf(77), createdAt: 0 });
    const report = await run(fleet);
    expect(report).toMatchObject({ found: 8, repaired: 7 });
    expect(fleet.noted.size).toBe(8);
    expect(fleet.latePayments).toEqual([{ orderId: orderOf(1), paymentIntentId: orderOf(1) }]);
    expect(fleet.calls.filter((call) => !call.startsWith('orders'))).toEqual([
      'revoke lic_9',
      'release left',
      `remove ${instanceOf(3)}`,
    ]);
    expect(fleet.repaired).not.toContain('object_left vol-x');
  }, 60_000);

  test('repairs orphans on request: imports lost resources, deletes those without a record', async () => {
    const planted = () => {
      const fleet = createFleet([order(0)]);
      const object = (id: string, number: number, role: 'other' | 'volume' = 'other') =>
        fleet.objects.push({ id, role, instanceId: instanceOf(number), createdAt: 0 });
      object('lost-1', 0);
      object('lost-2', 0, 'volume');
      object('nobodys', 77);
      object('data', 78, 'volume');
      return fleet;
    };
    const input: ReconcileInput = { parts: ['cloud'], repair: true };
    const usual = planted();
    expect(await run(usual, input)).toMatchObject({ found: 4, repaired: 0 });
    const dry = planted();
    expect(await run(dry, { ...input, repair: false, orphans: true })).toMatchObject({ found: 4, repaired: 0 });
    expect([...usual.calls, ...dry.calls]).toEqual([]);
    const asked = planted();
    const report = await run(asked, { ...input, orphans: true });
    expect(report.mismatches.map(({ subject, repair }) => [subject, repair])).toEqual([
      ['lost-1', 'adopt_objects'],
      ['lost-2', 'adopt_objects'],
      ['nobodys', 'remove_unowned'],
      ['data', null],
    ]);
    expect(report.repaired).toBe(3);
    expect(asked.calls).toEqual([`adopt ${instanceOf(0)}`, `remove unowned ${instanceOf(77)} at local`]);
  }, 60_000);

  test('leaves alone what is in motion, and does not repair what an operation may meet', async () => {
    const fleet = createFleet([order(1, { busy: true }), order(3)]);
    fleet.activities.permitRepair = async () => ({ allowed: false, money: null });
    fleet.objects.push({ id: 'vol-1', role: 'volume', instanceId: instanceOf(1), createdAt: 0 });
    fleet.objects.push({ id: 'vol-3', role: 'volume', instanceId: instanceOf(3), createdAt: 0 });
    expect(await run(fleet)).toMatchObject({ found: 1, repaired: 0 });
    expect(new Set(fleet.leftAloneSeen)).toEqual(new Set([orderOf(1), instanceOf(1)]));
    expect(fleet.calls.some((call) => call.startsWith('remove'))).toBe(false);
  }, 60_000);

  test('a system that does not answer is left out, and its tickets are not closed', async () => {
    const fleet = createFleet([order(0, { nameHolder: null }), order(1)]);
    fleet.activities.readPayments = async () => {
      throw ApplicationFailure.create({ type: 'payment_provider_unavailable', message: 'no answer' });
    };
    fleet.activities.readLicenceList = async () => {
      throw ApplicationFailure.create({ type: 'licence_refused', message: 'no', nonRetryable: true });
    };
    const report = await run(fleet);
    expect(report.unread).toEqual(['payments', 'licence list']);
    expect(report.mismatches.map(({ kind }) => kind)).toEqual(['name_not_held']);
    expect(fleet.closed[0]).not.toContain('payments');
    expect(fleet.closed[0]).not.toContain('licence list');
    expect(fleet.closed[0]).toContain('licences');
  }, 60_000);

  test('a repair that fails keeps its ticket open and does not hold up the others', async () => {
    const fleet = createFleet([order(1), order(3)]);
    fleet.activities.destroyLeftovers = async () => {
      throw ApplicationFailure.create({ type: 'cloud_unavailable', message: 'no answer' });
    };
    fleet.objects.push({ id: 'vol-3', role: 'volume', instanceId: instanceOf(3), createdAt: 0 });
    fleet.activities.readHolds = async () => ({
      items: [{ name: 'x', holderId: instanceOf(1), until: null }],
      next: null,
    });
    expect(await run(fleet)).toMatchObject({ found: 2, repaired: 1 });
    expect(fleet.repaired).toEqual(['hold_left x']);
  }, 60_000);

  test('a pass over many pages goes on as new, and reports and repairs as if it were one', async () => {
    const orders = Array.from({ length: 12 }, (_, number) => order(number));
    orders[11]!.nameHolder = null;
    const fleet = createFleet(orders);
    for (const number of [1, 3, 5]) {
      fleet.objects.push({ id: `vol-${number}`, role: 'volume', instanceId: instanceOf(number), createdAt: 0 });
    }
    const suggestionAfter = 40;
    const input: ReconcileInput = { parts: ['records', 'cloud'], repair: true };
    const server = () => startDevServer({ continueAsNewAfter: suggestionAfter });
    await compareFleet({ fleet, input, server }, async (report, { client }) => {
      expect(report).toMatchObject({ compared: 15, found: 3, repaired: 3, unread: [] });
      expect(fleet.calls.filter((call) => call.startsWith('orders'))).toEqual(
        ['', '2', '4', '6', '8', '10'].map((after) => `orders after ${after}`),
      );
      expect(fleet.calls.filter((call) => call.startsWith('remove'))).toHaveLength(3);
      expect(fleet.repaired).toEqual([1, 3, 5].map((number) => `object_left vol-${number}`));
      expect(fleet.noted.size).toBe(3);
      const lengths = (await runsOf(client, passWorkflowId)).map(({ history }) => history.events!.length);
      expect(lengths.length).toBeGreaterThan(4);
      expect(Math.max(...lengths)).toBeLessThan(suggestionAfter + bounds.reconcileFleet.per.page);
    });
  }, 60_000);
});
