import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { awaitActivation } from '../../../src/activities/licensing/await-activation.ts';
import { issueLicence } from '../../../src/activities/licensing/issue-licence.ts';
import { createLicenceAdmin } from '../../../src/activities/licensing/licence-admin.ts';
import { syncProduct } from '../../../src/activities/licensing/sync-product.ts';
import { openRecords } from '../../../src/activities/records/open-records.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import { adminToken, type LicenceWorld, startLicenceWorld } from '../../licence/support/licence-server.ts';
import { orderFrom, useApi, withClusters } from '../../support/api.ts';
import { until } from '../../support/until.ts';

const api = useApi();
let world: LicenceWorld;
beforeAll(async () => {
  world = await startLicenceWorld();
}, 30_000);
afterAll(() => world?.stop());

test('the licence of three nodes has three seats, and the step waits until each node holds its own', async () => {
  const ask = createLicenceAdmin({ serverUrl: world.url(), adminToken });
  await syncProduct(ask, 60_000);
  const order = await orderFrom(api, withClusters, { plan: 'BUSINESS', nodes: 3 });
  await openRecords(api, order);
  const { instanceId, _id: orderId, operationId } = order;
  const context: StepContext = { instanceId, orderId, operationId, step: 'issue-licence', attempt: 1 };
  // The licence does not depend on the order any more.
  await api.store.orders.model.deleteOne({ _id: orderId });
  await new MockActivityEnvironment().run(issueLicence({ store: api.store, ask }), context);
  const { licenceId } = (await api.store.instances.find(instanceId))!;
  expect(await world.view(licenceId!)).toMatchObject({
    ...{ plan: 'BUSINESS', seats: { production: { limit: 3, used: 0 } } },
    ...{ limits: { domains: 10, brands: 10 }, features: { cluster: true } },
  });

  const last: StepContext = { ...context, step: 'await-activation' };
  const seen: unknown[] = [];
  const environment = new MockActivityEnvironment();
  environment.on('heartbeat', ({ active }: { active: number }) => seen.push(active));
  let isOver = false;
  const waiting = environment.run(awaitActivation({ store: api.store, ask }), last).then(() => {
    isOver = true;
  });
  for (const index of [1, 2, 3]) {
    await until(() => Promise.resolve(seen.at(-1) === index - 1), { what: `${index - 1} nodes are seen` });
    expect(isOver).toBe(false);
    const { enrollmentToken } = await world.enrol(licenceId!, `node-${index}`, 0);
    const node = { name: `node-${index}`, clusterId: instanceId };
    const redeemed = await world.call<{ instanceId: string; secret: string }>('POST', '/v1/enrollments/redeem', {
      ...{ enrollmentToken, activationId: randomUUID(), node },
    });
    expect(redeemed.status).toBe(201);
    await world.check(redeemed.body.instanceId, { secret: redeemed.body.secret });
  }
  await waiting;
  expect(await world.view(licenceId!)).toMatchObject({ seats: { production: { limit: 3, used: 3 } } });
  // The enrolment is closed.
  expect(await world.enrol(licenceId!, 'node-1', 0)).toMatchObject({ open: false });
}, 60_000);
