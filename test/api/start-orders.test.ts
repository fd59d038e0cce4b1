import { expect, test } from '@jest/globals';
import { createOrderStarts } from '../../src/api/orders/start-orders.ts';
import { ReasonError } from '../../src/contracts/reasons.ts';
import type { OrderRecord } from '../../src/store/records.ts';
import { notedWorkflows, order, useApi } from '../support/api.ts';
import { until } from '../support/until.ts';

const api = useApi();

/** Stored orders whose starts are resolved one by one. */
async function held(count: number) {
  const records: OrderRecord[] = [];
  for (let index = 0; index < count; index += 1) {
    const { record } = await order(api);
    await until(async () => (await api.store.orders.find(record._id))?.startedAt);
    await api.store.orders.model.updateOne({ _id: record._id }, { $unset: { startedAt: 1 } });
    records.push(record);
  }
  const begun: { id: string; end: (error?: Error) => void }[] = [];
  const { workflows } = notedWorkflows({
    startInstance: ({ _id }) =>
      new Promise((resolve, reject) => {
        begun.push({ id: _id, end: (error) => (error ? reject(error) : resolve()) });
      }),
  });
  const starts = createOrderStarts({ store: api.store, workflows, log: api.deps.log });
  return { records, begun, starts };
}

test('orders start in the order in which they came, two at a time, each once', async () => {
  const { records, begun, starts } = await held(3);
  for (const each of [...records, ...records]) starts.soon(each);
  const ids = records.map(({ _id }) => _id);
  await until(() => begun.length === 2);
  expect(begun.map(({ id }) => id).sort()).toEqual(ids.slice(0, 2).sort());
  begun[0]?.end();
  await until(() => begun.length === 3);
  expect(begun[2]?.id).toBe(ids[2]);
  for (const { end } of begun) end();
  await starts.stop();
  expect(begun).toHaveLength(3);
});

test('one that failed may be asked for again, and keeps nobody behind it', async () => {
  const { records, begun, starts } = await held(1);
  const [record] = records as [OrderRecord];
  starts.soon(record);
  await until(() => begun.length === 1);
  begun[0]?.end(new ReasonError('workflow_unreachable'));
  await until(() => {
    starts.soon(record);
    return begun.length === 2;
  });
  begun[1]?.end();
  await starts.stop();
});

test('at the end what runs is waited for, and what has not begun is left to the sweep', async () => {
  const { records, begun, starts } = await held(3);
  for (const each of records) starts.soon(each);
  await until(() => begun.length === 2);
  let stopped = false;
  const stopping = starts.stop().then(() => {
    stopped = true;
  });
  begun[0]?.end();
  await until(async () => (await api.store.orders.find(begun[0]?.id ?? ''))?.startedAt);
  expect(stopped).toBe(false);
  begun[1]?.end();
  await stopping;
  expect(begun).toHaveLength(2);
});
