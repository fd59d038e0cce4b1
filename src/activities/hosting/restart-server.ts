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

/** Heartbeat details that the next attempt reads: the machines restarted so far. */
const Progress = z.object({ restarted: z.array(z.string()) });

/**
 * This step restarts the machines of a delivered server at their cloud, one node after the other, and waits for the
 * server to answer after each, so that a cluster stays available. It builds and deletes nothing, so it has no undo. A
 * retry resumes at the machine of the previous attempt, which is restarted once more at worst.
 *
 * It never takes the lease of the stack. Only the entity starts operations on a stack, one at a time, so none starts
 * while this one runs; but a runner of an abandoned operation may still be writing, and while it holds the lease this
 * step fails with `stack_busy` and is retried.
 *
 * Errors: `server_not_ready` where no machine serves, `stack_busy`, `host_gone`, `host_unhealthy`, those of the cloud
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
        await watch.firstPoll;
        await restartOne(ports, instance, { serverId, isAlone: machines.length === 1, watch, progress });
        restarted.push(serverId);
      }
      // Also after a restart by the previous attempt, which may have ended during this wait.
      await untilHealthy(ports, expected, `after the restart of ${node}`, progress);
    } finally {
      await watch?.stop();
    }
    const downtimeMs = watch?.downtimeMs() ?? 0;
    await report(ports, context, { node, downtimeMs, done: restarted.length, total: machines.length });
  }
}

/** Restarts one machine, and waits until it was down where its cloud only accepts the request. */
async function restartOne(
  ports: RestartPorts,
  { cloud, region }: InstanceRecord,
  about: { serverId: string; isAlone: boolean; watch: Pick<Watch, 'wasDown'>; progress: object },
): Promise<void> {
  const { serverId, isAlone, watch, progress } = about;
  const { downWithinMs } = await ports.restartMachine(cloud, { serverId, region, signal: cancellationSignal() });
  if (downWithinMs === 0) return;
  const wasDown = await until(async () => watch.wasDown(), downWithinMs, { ...progress, phase: 'restarting' });
  // With several nodes the others answer meanwhile, so only a wait of fixed length helps.
  if (isAlone && !wasDown) {
    throw new ReasonError('cloud_unavailable', `${serverId} answered for ${downWithinMs} ms and was not restarted`);
  }
}

/**
 * The serving machine of each node. The stack outputs contain the ids of all machines; where there are several, the
 * tags at the cloud identify the node of each.
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

/** Writes the progress to timeline and row; a failed write does not end the step. */
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
