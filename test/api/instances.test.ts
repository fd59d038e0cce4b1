import { expect, test } from '@jest/globals';
import { appliedFrom, specFrom } from '../../src/domain/operations/server-spec.ts';
import { order, signIn, useApi } from '../support/api.ts';
import { instanceRecord } from '../support/instance-record.ts';

const api = useApi();

test('a server shows its primary name, the zone of its first node and the version that serves', async () => {
  const email = 'shown@example.com';
  const { record } = await order(api, { billingEmail: email });
  const { instanceId: _id, accountId, _id: orderId } = record;
  const nodes = ['home-b', 'home-a', 'home-c'].map((zone, index) => ({ name: `node-${index + 1}`, zone }));
  const instance = instanceRecord({ _id, accountId, orderId, seats: 3, status: 'ready', desired: { nodes } });
  await api.store.instances.insert(instance);
  const read = async () => (await api.call('GET', `/v1/instances/${_id}`, { headers: await signIn(api, email) })).body;
  expect(await read()).toMatchObject({ hostname: 'a.local.freehold.localhost', zone: 'home-b', version: '1.0.0' });

  // In the middle of a change: it has its new name, and still serves with the old version.
  await api.store.instances.update(_id, {
    applied: appliedFrom(specFrom(instance), { osImages: {} }),
    desired: {
      ...{ ...instance.desired, image: '2.0.0' },
      names: [
        { hostname: 'a.local.freehold.localhost', purpose: 'retiring' },
        { hostname: 'b.local.freehold.localhost', purpose: 'primary' },
      ],
    },
  });
  const shown = await read();
  expect(shown).toMatchObject({ hostname: 'b.local.freehold.localhost', version: '1.0.0' });
  expect(new URL(shown.url).hostname).toBe('b.local.freehold.localhost');
});
