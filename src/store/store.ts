import mongoose from 'mongoose';
import { accountStore } from './accounts.ts';
import { allowanceStore } from './allowances.ts';
import { auditStore } from './audit.ts';
import { createIntentStore } from './create-intents.ts';
import { hostnameHoldStore } from './hostname-holds.ts';
import { incidentStore } from './incidents.ts';
import { instanceStore } from './instances.ts';
import { knownBrowserStore } from './known-browsers.ts';
import { operationStore } from './operations.ts';
import { orderStore } from './orders.ts';
import { outboxStore } from './outbox.ts';
import { quoteStore } from './quotes.ts';
import { requestKeyStore } from './request-keys.ts';
import { sessionStore } from './sessions.ts';
import { signInCodeStore } from './sign-in-codes.ts';
import { stackLeaseStore } from './stack-leases.ts';
import { subscriptionStore } from './subscriptions.ts';
import { ticketStore } from './tickets.ts';
import { timelineStore } from './timeline.ts';
import { webhookEventStore } from './webhook-events.ts';

/**
 * Connects to the control plane's database and returns its collections. The connection is the caller's own, never
 * mongoose's global one; `init` builds the indexes and must complete before the first write.
 */
export async function openStore(uri: string, options: { maxPoolSize?: number } = {}) {
  const connection = mongoose.createConnection(uri, {
    maxPoolSize: options.maxPoolSize ?? 20,
    autoIndex: false,
    serverSelectionTimeoutMS: 5_000,
  });
  const collections = {
    quotes: quoteStore(connection),
    orders: orderStore(connection),
    instances: instanceStore(connection),
    operations: operationStore(connection),
    timeline: timelineStore(connection),
    holds: hostnameHoldStore(connection),
    createIntents: createIntentStore(connection),
    outbox: outboxStore(connection),
    audit: auditStore(connection),
    subscriptions: subscriptionStore(connection),
    tickets: ticketStore(connection),
    incidents: incidentStore(connection),
    webhookEvents: webhookEventStore(connection),
    accounts: accountStore(connection),
    sessions: sessionStore(connection),
    signInCodes: signInCodeStore(connection),
    knownBrowsers: knownBrowserStore(connection),
    allowances: allowanceStore(connection),
    requestKeys: requestKeyStore(connection),
    stackLeases: stackLeaseStore(connection),
  };
  await connection.asPromise();
  return {
    ...collections,
    /** Builds every declared index; safe to run from several processes. */
    async init(): Promise<void> {
      await Promise.all(Object.values(collections).map(({ model }) => model.createIndexes()));
    },
    /** Throws if the database does not answer. */
    async ping(): Promise<void> {
      await connection.db?.admin().ping();
    },
    async close(): Promise<void> {
      await connection.close();
    },
  };
}

export type Store = Awaited<ReturnType<typeof openStore>>;
