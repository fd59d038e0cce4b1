import { expect, test } from '@jest/globals';
import { settleMoney } from '../../src/activities/billing/settle-money.ts';
import { createIncidents } from '../../src/activities/lib/incidents.ts';
import { createJournal } from '../../src/activities/lib/journal.ts';
import { sendOutcomeMail } from '../../src/activities/mail/send-mail.ts';
import { beginUndo, endOrder, startCancelling } from '../../src/activities/records/end-order.ts';
import { holdHostname, releaseHostname } from '../../src/activities/records/hold-hostname.ts';
import { noteNeedsOperator, noteOperation } from '../../src/activities/records/note-operation.ts';
import { useApi } from '../support/api.ts';

const api = useApi();

test('the undo of an order whose record is gone comes to its end, and only its first step fails', async () => {
  const { store } = api;
  const incidents = createIncidents(store, async () => {});
  const ports = { store, journal: createJournal(store), incidents, holdMs: 1 };
  const ref = { instanceId: 'i0123456789abcdef', operationId: 'op_0123456789abcdef', orderId: 'ord_0123456789abcdef' };
  const context = { ...ref, step: 'hold-hostname', attempt: 1 } as const;
  await expect(holdHostname(ports)(context)).rejects.toMatchObject({ code: 'not_found' });
  await noteNeedsOperator(ports)(context, 'not_found', 'no such order');
  expect(await startCancelling(ports)(ref, 'cancelled_by_customer')).toBe('already_ended');
  expect(await beginUndo(ports)(ref, 'not_found')).toBe('not_found');
  await settleMoney({ store } as never)({ ...context, step: 'settle-money' });
  await endOrder(ports)(ref, 'not_found');
  await sendOutcomeMail({ store } as never)({ ...context, step: 'send-outcome-mail' });
  await releaseHostname(ports)({ ...context, step: 'release-hostname' });
  await noteOperation(ports)(ref, {
    kind: 'provision',
    status: 'failed',
    reason: 'not_found',
    instanceStatus: 'aborted',
  });
});
