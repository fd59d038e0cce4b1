import { activityInfo, cancellationSignal, log } from '@temporalio/activity';
import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import { machineKey } from '../../contracts/stack.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { primaryHostname } from '../../domain/operations/desired-server.ts';
import { specFrom, versionOf } from '../../domain/operations/server-spec.ts';
import type { InstanceRecord } from '../../store/records.ts';
import { textsOf } from '../../texts/texts.ts';
import { heartbeat } from '../lib/heartbeat-interceptor.ts';
import { measureDowntime } from './measure-downtime.ts';
import type { RestartPorts } from './ports.ts';
import type { ExpectedHost } from './read-host-health.ts';
import { stackName } from './stack-up.ts';
import { until, untilHealthy } from './until-healthy.ts';
import { waitForCloud } from './wait-for-cloud.ts';

type Watch = ReturnType<typeof measureDowntime>;

interface ServingMachine {
  node: string;
  serverId: string;
}

/** What an attempt leaves to the next one: the machines that it has restarted. */
const Progress = z.object({ restarted: z.array(z.string()) });

/**
 * This step restarts the machines of a delivered server at their cloud, one node after the other, and waits for the server
 * to answer after each, so that a cluster keeps serving. Nothing of it is built, moved or lost, so it has no undo. A retry
 * goes on with the machine at which the attempt before ended, which is restarted once more at worst.
 *
 * It never takes the lease of the stack. Only the entity begins operations on a stack, one at a time, so none begins while
 * this one runs; but a runner of an operation that was given up may still be writing, and while its lease holds this step
 * fails with `stack_busy` and is tried again.
 *
 * Errors: `server_not_ready` where nothing serves, `stack_busy`, `host_gone`, `host_unhealthy`, those of the cloud
 * (`cloud_…`).
 */
export function restartServer(ports: RestartPorts) {
  return async (context: StepContext): Promise<void> => {
    const instance = await ports.store.instances.find(context.instanceId);
    if (!instance) throw new ReasonError('server_not_ready', 'there is no such instance');
    const stack = stackName(instance._id);
    if (await ports.isStackBusy(stack)) throw new ReasonError('stack_busy', `a runner works on ${stack}`);
    try {
      await restartInTurn(ports, context, instance);
    } catch (error) {
      throw waitForCloud(error, activityInfo().attempt);
    }
  };
}

async function restartInTurn(ports: RestartPorts, context: StepContext, instance: InstanceRecord): Promise<void> {
  const machines = await findMachines(ports, instance);
  const restarted = restartedBefore();
  const expected: ExpectedHost = {
    instanceId: instance._id,
    hostname: primaryHostname(instance.desired),
    versions: [versionOf(instance)],
  };
  for (const { node, serverId } of machines) {
    const progress = { node, restarted };
    const watch = restarted.includes(serverId) ? null : measureDowntime(() => ports.readHealth(expected));
    try {
      if (watch) {
        heartbeat({ phase: 'restarting', ...progress });
        await watch.firstLook;
        await restartOne(ports, instance, { serverId, isAlone: machines.length === 1, watch, progress });
        restarted.push(serverId);
      }
      // Also after a restart by the attempt before, which may have ended while it waited.
      await untilHealthy(ports, expected, `after the restart of ${node}`, progress);
    } finally {
      await watch?.stop();
    }
    const downtimeMs = watch?.downtimeMs() ?? 0;
    await report(ports, context, { node, downtimeMs, done: restarted.length, total: machines.length });
  }
}

/** Restarts one machine, and waits until it has really gone down where its cloud only takes the order. */
async function restartOne(
  ports: RestartPorts,
  { cloud, region }: InstanceRecord,
  about: { serverId: string; isAlone: boolean; watch: Pick<Watch, 'wasDown'>; progress: object },
): Promise<void> {
  const { serverId, isAlone, watch, progress } = about;
  const { downWithinMs } = await ports.restartMachine(cloud, { serverId, region, signal: cancellationSignal() });
  if (downWithinMs === 0) return;
  const wasDown = await until(async () => watch.wasDown(), downWithinMs, { ...progress, phase: 'restarting' });
  // Of several nodes the others answer meanwhile, so that only time tells.
  if (isAlone && !wasDown) {
    throw new ReasonError('cloud_unavailable', `${serverId} answered for ${downWithinMs} ms and was not restarted`);
  }
}

/**
 * The serving machine of each node. The outputs of the stack know the ids of all machines; where there are several, what
 * the cloud says of their tags tells whose each is.
 */
async function findMachines(ports: RestartPorts, instance: InstanceRecord): Promise<ServingMachine[]> {
  const { cloud, region, outputs, _id: instanceId } = instance;
  const serving = specFrom(instance).nodes.flatMap((node) =>
    node.serving === null ? [] : [{ node: node.name, resource: `host-${machineKey(node, { name: node.serving })}` }],
  );
  const known = outputs?.serverIds ?? [];
  if (known.length === 0 || serving.length === 0) {
    throw new ReasonError('server_not_ready', `${instanceId} has no machine that serves`);
  }
  if (known.length === 1) return [{ node: serving[0]!.node, serverId: known[0]! }];
  const inventory = await ports.inventoryOf(cloud);
  try {
    const hosts = (await inventory.list({ instanceId, region })).filter(
      ({ role, id }) => role === 'host' && known.includes(id),
    );
    return serving.map(({ node, resource }) => {
      const host = hosts.find((each) => each.resource === resource);
      if (!host) throw new ReasonError('host_gone', `${resource} of ${instanceId}`);
      return { node, serverId: host.id };
    });
  } finally {
    inventory.close();
  }
}

/** The machines that an earlier attempt of this activity has restarted. */
function restartedBefore(): string[] {
  const { data } = Progress.safeParse(activityInfo().heartbeatDetails);
  return data?.restarted ?? [];
}

/** Writes the progress to timeline and row; a failure to write does not end the step. */
async function report(
  { journal }: RestartPorts,
  context: StepContext,
  { node, downtimeMs, done, total }: { node: string; downtimeMs: number; done: number; total: number },
): Promise<void> {
  const { restarted, restartedAfter } = textsOf('en').resources;
  const seconds = Math.ceil(downtimeMs / 1_000);
  const text = seconds > 0 ? restartedAfter({ node, seconds, done, total }) : restarted({ node, done, total });
  try {
    await journal.append(context, { type: 'log', step: context.step, severity: 'info', text });
    await journal.note(context, { status: 'running', progress: done / total });
  } catch (error) {
    log.warn('a timeline entry could not be written', { error });
  }
}
