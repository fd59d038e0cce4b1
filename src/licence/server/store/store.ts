import { createConnection } from 'mongoose';
import { activationStore } from './activations.ts';
import { auditStore } from './audit.ts';
import { claimStore } from './claims.ts';
import { deliveryStore } from './deliveries.ts';
import { enrolmentStore } from './enrolments.ts';
import { eventStore } from './events.ts';
import { licenceStore } from './licences.ts';
import { offlineFileStore } from './offline-files.ts';
import { planStore } from './plans.ts';
import { productStore } from './products.ts';
import { releaseStore } from './releases.ts';
import { webhookStore } from './webhooks.ts';

export type LicenceDatabase = Awaited<ReturnType<typeof openStore>>;

/** Connects to the licence server's own database and creates its indexes. Several servers may do so at once. */
export async function openStore(uri: string) {
  const connection = await createConnection(uri, {
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
    serverSelectionTimeoutMS: 5000,
  }).asPromise();
  const store = {
    products: productStore(connection),
    plans: planStore(connection),
    releases: releaseStore(connection),
    licences: licenceStore(connection),
    activations: activationStore(connection),
    enrolments: enrolmentStore(connection),
    audit: auditStore(connection),
    claims: claimStore(connection),
    offlineFiles: offlineFileStore(connection),
    events: eventStore(connection),
    webhooks: webhookStore(connection),
    deliveries: deliveryStore(connection),
  };
  await Promise.all(Object.values(store).map(({ model }) => model.createIndexes()));
  return {
    ...store,
    /** Rejects if the database does not answer. */
    async ping(): Promise<void> {
      await connection.db?.command({ ping: 1 });
    },
    close: () => connection.close(),
  };
}
