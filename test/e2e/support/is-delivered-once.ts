import { expect } from '@jest/globals';
import { delivered, findings } from './findings.ts';
import { paymentsOf } from './payments.ts';
import type { Purchase } from './purchase.ts';
import { workflowsOf } from './workflows.ts';
import type { World } from './world.ts';

/** Asserts one delivery: one host, one charge, one licence, one mail to each recipient, one timeline without gaps. */
export async function isDeliveredOnce(world: World, purchase: Purchase): Promise<void> {
  expect(await purchase.end()).toEqual({ state: 'fulfilled', reason: undefined });
  expect(await findings(world, purchase)).toEqual(delivered(purchase));
  expect(await paymentsOf(world, purchase)).toMatchObject({ subscriptions: 1, paymentIntents: 1, paid: 1 });
  expect(await workflowsOf(world, purchase)).toEqual(['instance', 'provision']);
  expect(purchase.events.map(({ sequence }) => sequence)).toEqual(purchase.events.map((_event, index) => index + 1));
}
