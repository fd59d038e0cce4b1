import { Worker } from '@temporalio/worker';
import { createCloudFleetActivities } from '../activities/fleet/cloud-fleet-activities.ts';
import { type ExpectedHost, readHostHealth } from '../activities/hosting/read-host-health.ts';
import { createStackActivities } from '../activities/hosting/stack-activities.ts';
import { createHeartbeatInterceptor } from '../activities/lib/heartbeat-interceptor.ts';
import { createJournal } from '../activities/lib/journal.ts';
import { createStepInterceptor } from '../activities/lib/step-interceptor.ts';
import { provisionConfig } from '../config.ts';
import type { CloudName } from '../contracts/stack.ts';
import { provisionQueue } from '../contracts/workflow-messages.ts';
import { findCloud, findRegion } from '../domain/catalogue/catalogue.ts';
import { catalogue } from '../domain/catalogue/catalogue-data.ts';
import { createProcessLog } from '../runtime/process-log.ts';
import { createReach } from '../runtime/reach.ts';
import { cloudSecrets } from '../stacks/cloud-secrets.ts';
import { openCloudView } from '../stacks/cloud-views.ts';
import { cloudStacks } from '../stacks/clouds.ts';
import { inspectCloud } from '../stacks/inspect-cloud.ts';
import type { ConsoleRequest, RestartRequest } from '../stacks/private-server.ts';
import { mayHolderWrite } from '../stacks/runner/lease-rules.ts';
import { runStack } from '../stacks/runner/run-stack.ts';
import { closeRunnerPool, prewarmRunner } from '../stacks/runner/runner-process.ts';
import { leaseMarginMsOf } from '../stacks/runner/settings.ts';
import { createStackStates } from '../stacks/stack-states.ts';
import { openStore } from '../store/store.ts';
import { connectToTemporal } from './connection.ts';
import { endWhileStarting, runWorker } from './run-worker.ts';
import { logTemporalBy } from './temporal-log.ts';

/** The provision worker: only the Pulumi activities, few slots, each run in a child process; one queue per cloud. */
endWhileStarting();
const log = createProcessLog('provision');
logTemporalBy(log);
const config = provisionConfig();
const store = await openStore(config.MONGODB_URI);
const journal = createJournal(store);
const { connection, namespace } = await connectToTemporal();

const reach = createReach({ dnsServer: config.FREEHOLD_DNS_SERVER, caFile: config.FREEHOLD_CA_FILE });
const port = config.FREEHOLD_HOST_PORT === 443 ? '' : `:${config.FREEHOLD_HOST_PORT}`;
const readHealth = (expected: ExpectedHost) =>
  readHostHealth({ reach, hostUrl: (hostname) => `https://${hostname}${port}` }, expected);
const healthyWithinMs = config.FREEHOLD_CHANGE_HEALTHY_MS;
const finalSnapshotDays = config.FREEHOLD_FINAL_SNAPSHOT_DAYS;
const zonesOf = (cloud: CloudName, region: string) => findRegion(region, findCloud(cloud, catalogue)).zones;
const inventoryOf = async (cloud: CloudName) => (await cloudStacks(cloud)).inventory(process.env);
const restartMachine = async (cloud: CloudName, request: RestartRequest) =>
  (await cloudStacks(cloud)).restartMachine(request, process.env);
const readConsole = async (cloud: CloudName, request: ConsoleRequest) =>
  (await (await cloudStacks(cloud)).readConsole?.(request, process.env)) ?? null;
const leaseMarginMs = leaseMarginMsOf(process.env);
const isStackBusy = async (stack: string) => {
  const held = await store.stackLeases.held(stack);
  return held !== null && mayHolderWrite(held, leaseMarginMs);
};
const snapshotsOf = async (cloud: CloudName) => {
  const { dailySnapshots, snapshots } = await cloudStacks(cloud);
  return { dailySnapshots, snapshots: snapshots(process.env) };
};
const inspect = (cloud: CloudName) =>
  inspectCloud(findCloud(cloud, catalogue), {
    open: () => openCloudView(cloud, process.env),
    secrets: cloudSecrets(process.env),
  });
const states = createStackStates({ root: config.PULUMI_ROOT, home: config.PULUMI_HOME });

const workers = await Promise.all(
  config.FREEHOLD_CLOUDS.map((cloud) =>
    Worker.create({
      connection,
      namespace,
      taskQueue: provisionQueue(cloud),
      maxConcurrentActivityTaskExecutions: config.FREEHOLD_PROVISION_SLOTS,
      // By default the SDK throttles heartbeats to 80 % of the timeout, which would delay a cancel by as much.
      maxHeartbeatThrottleInterval: '3s',
      // A running operation may finish; past that it is cancelled, and its runner has its own shutdown escalation.
      shutdownGraceTime: '20 seconds',
      interceptors: {
        activity: [
          () => ({ inbound: createHeartbeatInterceptor() }),
          () => ({ inbound: createStepInterceptor(journal, log) }),
        ],
      },
      activities: {
        ...createStackActivities({
          ...{
            store,
            journal,
            zonesOf,
            runStack,
            readHealth,
            resolve: reach.resolve,
            healthyWithinMs,
            finalSnapshotDays,
            inventoryOf,
            restartMachine,
            readConsole,
            secrets: [...cloudSecrets(process.env)],
            isStackBusy,
          },
        }),
        ...createCloudFleetActivities({ store, inventoryOf, snapshotsOf, states, runStack, inspect }),
      },
    }),
  ),
);

prewarmRunner();
await runWorker({ name: 'provision', workers, log });
await closeRunnerPool();
await reach.close();
await connection.close();
await store.close();
