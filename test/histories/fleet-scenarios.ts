import {
  controlQueue,
  type LatePayment,
  latePaymentWorkflowId,
  latePaymentWorkflowType,
} from '../../src/contracts/workflow-messages.ts';
import { runsOf, startDevServer } from '../support/temporal.ts';
import {
  compareFleet,
  createFleet,
  type Fleet,
  instanceOf,
  order,
  orderOf,
  passWorkflowId,
} from '../workflows/fleet/fleet-world.ts';
import { createWorld, fail, withInstance } from '../workflows/world.ts';
import type { Scenario, Scenarios } from './scenario.ts';

interface Pass {
  fleet(): Fleet;
  repair: boolean;
  /** Whether an operator requests repairs of orphans, too. */
  orphans?: boolean;
  /** Suggested length of a history; the server's own when absent. */
  continueAsNewAfter?: number;
  /** Orders whose settlement a repair starts as a workflow of its own. */
  settles?: string[];
}

/** One reconcile pass, with the workflows that it starts. */
function pass({ fleet, repair, orphans, continueAsNewAfter, settles = [] }: Pass): Scenario {
  const input = { parts: ['records' as const, 'cloud' as const], repair, ...(orphans ? { orphans } : {}) };
  const server = continueAsNewAfter ? { server: () => startDevServer({ continueAsNewAfter }) } : {};
  return () =>
    compareFleet({ fleet: fleet(), input, ...server }, async (_report, { client }) => {
      const latePayments = settles.map((orderId) => latePaymentWorkflowId({ orderId, paymentIntentId: orderId }));
      for (const workflowId of latePayments) await client.workflow.getHandle(workflowId).result();
      return (
        await Promise.all([passWorkflowId, ...latePayments].map((workflowId) => runsOf(client, workflowId)))
      ).flat();
    });
}

/** Five orders; two of them left behind money, a licence, a name and a volume. */
function mismatched(): Fleet {
  const fleet = createFleet([0, 1, 2, 3, 4].map((number) => order(number)));
  const { readPayments } = fleet.activities;
  fleet.activities.readPayments = async (ids) => {
    const facts = await readPayments(ids);
    const kept = facts[orderOf(1)];
    if (kept) kept.unrefunded = ['pi_1'];
    return facts;
  };
  const owner = instanceOf(3);
  fleet.activities.readLicenceList = async () => ({
    items: [{ licenceId: 'lic_9', externalRef: owner, createdAt: 0 }],
    next: null,
  });
  fleet.activities.readHolds = async () => ({ items: [{ name: 'left', holderId: owner, until: null }], next: null });
  fleet.objects.push({ id: 'vol-1', role: 'volume', instanceId: owner, createdAt: 0 });
  return fleet;
}

/** A server whose stack has lost a resource, and unowned resources with data and without. */
function orphaned(): Fleet {
  const fleet = mismatched();
  fleet.objects.push({ id: 'lost', role: 'other', instanceId: instanceOf(0), createdAt: 0 });
  fleet.objects.push({ id: 'nobodys', role: 'other', instanceId: instanceOf(77), createdAt: 0 });
  fleet.objects.push({ id: 'data', role: 'volume', instanceId: instanceOf(78), createdAt: 0 });
  return fleet;
}

function silent(): Fleet {
  const fleet = mismatched();
  fleet.activities.readPayments = async () => {
    throw fail('payment_provider_unavailable');
  };
  fleet.activities.destroyLeftovers = async () => {
    throw fail('cloud_unavailable');
  };
  return fleet;
}

/** A late payment, which Stripe refuses to settle this many times. */
function latePayment(refusals: number): Scenario {
  const payment: LatePayment = { paymentIntentId: 'pi_1', orderId: 'ord_0123456789abcdef', refundId: 're_1' };
  const world = () =>
    createWorld({
      'settle-money': (tries) => {
        if (tries <= refusals) throw fail('refund_failed');
      },
    });
  return () =>
    withInstance({ world: world(), limitMs: 120_000 }, async ({ environment: { client } }) => {
      const workflowId = latePaymentWorkflowId(payment);
      const start = { workflowId, taskQueue: controlQueue, args: [payment] };
      await client.workflow.execute(latePaymentWorkflowType, start);
      return runsOf(client, workflowId);
    });
}

/** The scenarios of the fleet workflows. */
export const fleetScenarios: Scenarios = {
  'fleet-compared': pass({ fleet: mismatched, repair: false }),
  'fleet-repaired': pass({ fleet: mismatched, repair: true, settles: [orderOf(1)] }),
  'fleet-orphans-repaired': pass({ fleet: orphaned, repair: true, orphans: true, settles: [orderOf(1)] }),
  'fleet-partly-silent': pass({ fleet: silent, repair: true }),
  'fleet-compared-in-many-runs': pass({
    fleet: mismatched,
    repair: true,
    settles: [orderOf(1)],
    continueAsNewAfter: 40,
  }),
  'late-payment-settled': latePayment(0),
  'late-payment-settled-after-two-months': latePayment(66),
};
