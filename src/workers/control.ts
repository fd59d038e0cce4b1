import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { createAlertActivities } from '../activities/alerts/alert-activities.ts';
import { createPostAlert } from '../activities/alerts/post-alert.ts';
import { createBillingActivities } from '../activities/billing/billing-activities.ts';
import { createFleetActivities } from '../activities/fleet/fleet-activities.ts';
import { createHealthActivities } from '../activities/hosting/health-activities.ts';
import { createHeartbeatInterceptor } from '../activities/lib/heartbeat-interceptor.ts';
import { createIncidents } from '../activities/lib/incidents.ts';
import { createJournal } from '../activities/lib/journal.ts';
import { createStepInterceptor } from '../activities/lib/step-interceptor.ts';
import { createLicenceAdmin } from '../activities/licensing/licence-admin.ts';
import { createLicensingActivities } from '../activities/licensing/licensing-activities.ts';
import { syncProduct } from '../activities/licensing/sync-product.ts';
import { createMailActivities } from '../activities/mail/mail-activities.ts';
import { createRecordsActivities } from '../activities/records/records-activities.ts';
import { controlConfig } from '../config.ts';
import { timesOf } from '../contracts/operations/registry.ts';
import { controlQueue } from '../contracts/workflow-messages.ts';
import { orderPageLink } from '../domain/billing/order-link.ts';
import { priceList } from '../domain/catalogue/catalogue.ts';
import { catalogue } from '../domain/catalogue/catalogue-data.ts';
import { installedCatalogue } from '../domain/catalogue/installed-catalogue.ts';
import { workflowPage } from '../domain/operations/workflow-page.ts';
import { productLinks } from '../mail/product-links.ts';
import { createSender } from '../mail/sender.ts';
import { createStripeGateway } from '../payments/stripe-gateway.ts';
import { createProcessLog } from '../runtime/process-log.ts';
import { createReach } from '../runtime/reach.ts';
import { openStore } from '../store/store.ts';
import { alertAddresses, tellOperatorsBy } from './alerts.ts';
import { connectToTemporal } from './connection.ts';
import { applySchedules, driftChecksBy, entityIsRunning } from './fleet.ts';
import { keepTrying, tryMeanwhile } from './keep-trying.ts';
import { endWhileStarting, runWorker } from './run-worker.ts';
import { startSubscriptionBy } from './subscriptions.ts';
import { logTemporalBy } from './temporal-log.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** The control worker: Temporal workflows and short activities. Stateless, as many as needed. */
endWhileStarting();

/** Records per page of a reconcile pass; takes seconds, and about 30 KB of history. */
const fleetPage = 50;

const log = createProcessLog('control');
logTemporalBy(log);
const config = controlConfig();
const installed = installedCatalogue(catalogue, {
  ...{ clouds: config.FREEHOLD_CLOUDS, simulated: config.FREEHOLD_SIMULATED_CLOUDS },
});
const store = await openStore(config.MONGODB_URI);
const gateway = createStripeGateway({
  secretKey: config.STRIPE_SECRET_KEY,
  apiBase: config.STRIPE_API_BASE,
  intents: store.createIntents,
});
const ask = createLicenceAdmin({ serverUrl: config.LICENCE_SERVER_URL, adminToken: config.LICENCE_ADMIN_TOKEN });
const reach = createReach({ dnsServer: config.FREEHOLD_DNS_SERVER, caFile: config.FREEHOLD_CA_FILE });
const journal = createJournal(store);
const sender = createSender({ smtpUrl: config.SMTP_URL, from: config.MAIL_FROM });
const port = config.FREEHOLD_HOST_PORT === 443 ? '' : `:${config.FREEHOLD_HOST_PORT}`;
const hostUrl = (hostname: string) => `https://${hostname}${port}`;

const [{ connection, namespace }, bundle] = await Promise.all([
  connectToTemporal(),
  workflowBundle(config.FREEHOLD_WORKFLOW_CACHE),
]);
const client = new Client({ connection, namespace });
const incidents = createIncidents(store, tellOperatorsBy(client));
const temporalUi = config.TEMPORAL_UI_URL;
const [worker] = await Promise.all([
  Worker.create({
    connection,
    namespace,
    taskQueue: controlQueue,
    workflowBundle: bundle,
    maxConcurrentActivityTaskExecutions: config.FREEHOLD_CONTROL_ACTIVITIES,
    // By default the SDK throttles heartbeats to 80 % of the timeout, which would delay a cancel by as much.
    maxHeartbeatThrottleInterval: '3s',
    shutdownGraceTime: '10 seconds',
    interceptors: {
      activity: [
        () => ({ inbound: createHeartbeatInterceptor() }),
        () => ({ inbound: createStepInterceptor(journal, log) }),
      ],
    },
    activities: {
      ...createRecordsActivities({
        store,
        journal,
        incidents,
        holdMs: config.FREEHOLD_HOLD_WITHOUT_ATTEMPT_MS,
        startSubscription: startSubscriptionBy(client),
        times: timesOf(config),
      }),
      ...createBillingActivities({
        store,
        gateway,
        incidents,
        declineLimit: config.FREEHOLD_DECLINES,
        holdAfterAttemptMs: config.FREEHOLD_HOLD_AFTER_ATTEMPT_MS,
        paymentReadMs: config.FREEHOLD_PAYMENT_READ_MS,
        paymentReadLaterMs: config.FREEHOLD_PAYMENT_READ_LATER_MS,
        renewalTimes: {
          renewalReadMs: config.FREEHOLD_RENEWAL_READ_MS,
          unpaidReadMs: config.FREEHOLD_UNPAID_READ_MS,
        },
      }),
      ...createLicensingActivities({ store, ask }),
      ...createFleetActivities({
        store,
        incidents,
        gateway,
        ask,
        reach,
        isRunning: entityIsRunning(client),
        driftChecks: {
          ...driftChecksBy(client),
          atOnce: config.FREEHOLD_DRIFT_AT_ONCE,
          timeoutMs: config.FREEHOLD_DRIFT_TIMEOUT_MS,
        },
        settings: {
          settlingMs: config.FREEHOLD_SETTLING_MS,
          backMs: config.FREEHOLD_RECONCILE_BACK_MS,
          clouds: config.FREEHOLD_CLOUDS,
          pageSize: fleetPage,
        },
      }),
      ...createHealthActivities({ store, journal, reach, hostUrl }),
      ...createMailActivities({
        store,
        sender,
        baseDomain: config.FREEHOLD_BASE_DOMAIN,
        links: productLinks(config),
        simulated: config.FREEHOLD_SIMULATED_CLOUDS,
        unpaidMailsPerHour: config.FREEHOLD_UNPAID_MAILS_PER_HOUR,
        orderLink: (orderId) =>
          orderPageLink({ publicUrl: config.FREEHOLD_PUBLIC_URL, key: config.FREEHOLD_SIGNING_KEY, orderId }),
        hostUrl,
      }),
      ...createAlertActivities({
        store,
        sender,
        post: createPostAlert(config.FREEHOLD_ALERT_WEBHOOK_SECRET),
        addresses: alertAddresses(config),
        mailsPerHour: config.FREEHOLD_ALERT_MAILS_PER_HOUR,
        links: {
          publicUrl: config.FREEHOLD_PUBLIC_URL,
          workflowPage: (workflowId) => temporalUi && workflowPage({ base: temporalUi, namespace }, workflowId),
        },
        baseDomain: config.FREEHOLD_BASE_DOMAIN,
      }),
    },
  }),
  store.init(),
  applySchedules(client, {
    reconcileMs: config.FREEHOLD_RECONCILE_MS,
    orphanSweepMs: config.FREEHOLD_ORPHAN_SWEEP_MS,
    snapshotsMs: config.FREEHOLD_SNAPSHOTS_MS,
    driftMs: config.FREEHOLD_DRIFT_MS,
    dailyLookMs: config.FREEHOLD_DAILY_LOOK_MS,
  }),
  // A Stripe that is away or refuses our key must not stop what needs no payment.
  tryMeanwhile(log, 'catalogue at Stripe', () => gateway.syncCatalogue(priceList(installed))),
  keepTrying(log, 'product at the licence server', () => syncProduct(ask, config.FREEHOLD_LICENCE_CHECK_MS)),
]);

await runWorker({ name: 'control', workers: [worker], log });
await connection.close();
await reach.close();
await store.close();
