import { expect, test } from '@jest/globals';
import { orderFacts } from '../../../src/activities/fleet/order-facts.ts';
import { freshName, order, useApi } from '../../support/api.ts';
import { instanceRecord } from '../../support/instance-record.ts';

const api = useApi();

test('a server is known by the name that it has now, an order without one by the name that was ordered', async () => {
  const [{ record: renamed }, { record: unbuilt }] = [await order(api), await order(api)];
  const name = freshName();
  const hostname = `${name}.local.freehold.localhost`;
  await api.store.instances.insert(
    instanceRecord({
      ...{ _id: renamed.instanceId, orderId: renamed._id, name, status: 'ready' },
      desired: {
        names: [
          { hostname: renamed.quote.subject.hostname, purpose: 'retiring' },
          { hostname, purpose: 'primary' },
        ],
      },
    }),
  );
  await api.store.holds.take({
    ...{ _id: name, holder: 'order', holderId: renamed.instanceId, tokenHash: 'x', accountId: renamed.accountId },
    until: new Date(Date.now() + 60_000),
  });
  expect(await orderFacts(api.store, [renamed, unbuilt])).toMatchObject([
    { orderId: renamed._id, name, hostname, nameHolder: renamed.instanceId, server: { status: 'ready' } },
    { orderId: unbuilt._id, name: unbuilt.quote.subject.name, hostname: unbuilt.quote.subject.hostname, server: null },
  ]);
});
