import { expect, test } from '@jest/globals';
import { stateQuery } from '../../src/contracts/workflow-messages.ts';
import { until } from '../support/until.ts';
import { createWorld, withInstance } from './world.ts';

test('operators find a server by the time at which it renews', async () => {
  const world = createWorld();
  const { markReady } = world.activities;
  const paidUntil = '2027-01-31T10:00:00.000Z';
  Object.assign(world.activities, {
    markReady: async (context: Parameters<typeof markReady>[0]) => {
      await markReady(context);
      return paidUntil;
    },
  });
  await withInstance({ world, realTime: true }, async ({ environment, entity, instanceId }) => {
    await until(async () => (await entity.query(stateQuery)).status === 'ready');
    expect((await entity.describe()).searchAttributes.RenewsAt).toEqual([new Date(paidUntil)]);
    const query = `RenewsAt < "2027-02-01T00:00:00Z" AND WorkflowType = "instance"`;
    const found = async () => {
      for await (const { workflowId } of environment.client.workflow.list({ query })) {
        if (workflowId === `instance/${instanceId}`) return true;
      }
      return false;
    };
    await until(found, { what: 'the list has it' });
  });
}, 60_000);
