import { expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { awaitPayment } from '../../../src/activities/billing/await-payment.ts';
import { createSubscription } from '../../../src/activities/billing/create-subscription.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import { payAsBrowser } from '../../emulators/stripe/run-emulator.ts';
import { order as placeOrder, useApi } from '../../support/api.ts';
import { useBilling } from '../../support/billing.ts';

const api = useApi();
const hour = 3_600_000;
const billing = useBilling(api, { declineLimit: 3 });

test('a 3-D Secure challenge that is refused counts as a declined try, each once, together with declined charges', async () => {
  const { record } = await placeOrder(api);
  const { _id: orderId, instanceId, operationId } = record;
  const context: StepContext = { instanceId, orderId, operationId, step: 'await-payment', attempt: 1 };
  await createSubscription(billing.ports)({ ...context, step: 'create-subscription' });
  const { payment } = (await api.store.orders.find(orderId))!;
  const secret = (await billing.ports.gateway.clientSecretOf(payment!))!;
  const look = () => new MockActivityEnvironment().run(awaitPayment(billing.ports), context);
  const declines = async () => (await api.store.orders.find(orderId))?.declines;

  async function refuse(): Promise<void> {
    const { body } = await payAsBrowser(billing.emulator.address, secret, '4000002500003155');
    expect(body.status).toBe('requires_action');
    await expect(look()).rejects.toMatchObject({ code: 'confirmation_open' });
    const answer = new URLSearchParams({ answer: 'refuse' });
    const { url } = (body.next_action as { redirect_to_url: { url: string } }).redirect_to_url;
    await fetch(url, { method: 'POST', body: answer, redirect: 'manual' });
  }

  await refuse();
  for (const _read of [1, 2]) {
    await expect(look()).rejects.toMatchObject({
      ...{ code: 'confirmation_refused', detail: 'decline 1: payment_intent_authentication_failure' },
    });
  }
  expect(await declines()).toBe(1);
  const { until } = (await api.store.holds.find(record.quote.subject.name))!;
  expect(until!.getTime()).toBeGreaterThan(Date.now() + 0.9 * hour);

  await payAsBrowser(billing.emulator.address, secret, '4000000000000002');
  await expect(look()).rejects.toMatchObject({ code: 'declined_try_again' });
  expect(await declines()).toBe(2);

  await refuse();
  await expect(look()).rejects.toMatchObject({ code: 'too_many_declines' });
  expect(await api.store.orders.find(orderId)).toMatchObject({ declines: 3, state: 'cancelling' });
});
