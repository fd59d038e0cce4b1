import { expect, test } from '@jest/globals';
import { createJournal } from '../../../src/activities/lib/journal.ts';
import { holdHostname } from '../../../src/activities/records/hold-hostname.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import type { OrderRecord } from '../../../src/store/records.ts';
import { order, useApi } from '../../support/api.ts';

const api = useApi();

function hold({ _id, instanceId, operationId }: OrderRecord): Promise<void> {
  const context: StepContext = { instanceId, orderId: _id, operationId, step: 'hold-hostname', attempt: 1 };
  return holdHostname({ store: api.store, journal: createJournal(api.store), holdMs: 60_000 })(context);
}

test('the step keeps the name that the order holds, however often it runs', async () => {
  const { record } = await order(api);
  await hold(record);
  await hold(record);
  expect(await api.store.holds.find(record.quote.subject.name)).toMatchObject({
    holder: 'order',
    holderId: record._id,
  });
});

test('the step takes over the name that the quote of the order still holds', async () => {
  const { record } = await order(api);
  await api.store.holds.model.updateOne(
    { _id: record.quote.subject.name },
    { $set: { holder: 'quote', holderId: record.quoteId } },
  );
  await hold(record);
  expect(await api.store.holds.find(record.quote.subject.name)).toMatchObject({
    holder: 'order',
    holderId: record._id,
  });
});

test('the step fails when somebody else has the name', async () => {
  const { record } = await order(api);
  const other = { holder: 'quote', holderId: 'quo_other', tokenHash: 'other' };
  await api.store.holds.model.updateOne({ _id: record.quote.subject.name }, { $set: other });
  await expect(hold(record)).rejects.toMatchObject({ code: 'hostname_taken' });
});
