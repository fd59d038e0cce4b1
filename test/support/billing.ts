import { afterAll, beforeAll } from '@jest/globals';
import type { AfterOrderPorts } from '../../src/activities/billing/ports.ts';
import { priceList } from '../../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../../src/domain/catalogue/catalogue-data.ts';
import { createStripeGateway } from '../../src/payments/stripe-gateway.ts';
import { type RunningEmulator, runEmulator, secretKey } from '../emulators/stripe/run-emulator.ts';
import type { TestApi } from './api.ts';
import { watchIncidents } from './incidents.ts';

const hour = 3_600_000;

/** The ports of the billing activities, on the records of an API and the Stripe emulator of the test file. */
export function useBilling(api: TestApi, { declineLimit }: { declineLimit: number }) {
  const billing = {} as { emulator: RunningEmulator; ports: AfterOrderPorts };
  beforeAll(async () => {
    const { store } = api;
    const emulator = await runEmulator();
    const gateway = createStripeGateway({ secretKey, apiBase: emulator.address, intents: store.createIntents });
    await gateway.syncCatalogue(priceList(catalogue));
    billing.emulator = emulator;
    billing.ports = {
      ...watchIncidents(store),
      ...{ store, gateway, declineLimit, holdAfterAttemptMs: hour, paymentReadMs: 1, paymentReadLaterMs: 1 },
      renewalTimes: { renewalReadMs: hour, unpaidReadMs: hour },
    };
  }, 60_000);
  afterAll(() => billing.emulator?.[Symbol.asyncDispose]());
  return billing;
}
