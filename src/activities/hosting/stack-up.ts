import { AsyncResource } from 'node:async_hooks';
import { activityInfo, cancellationSignal, log } from '@temporalio/activity';
import { ReasonError } from '../../contracts/reasons.ts';
import { machineKey, type PrivateServerSpec, type RunnerLine, type StackRequest } from '../../contracts/stack.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { chooseZone } from '../../domain/choose-zone.ts';
import { describeResource } from '../../domain/describe-resource.ts';
import type { InstanceRecord } from '../../store/records.ts';
import { beat } from '../lib/beat-interceptor.ts';
import type { StackPorts } from './stack-activities.ts';
import { waitForCloud } from './wait-for-cloud.ts';

/**
 * This step builds the stack of an instance: address, records, volume, hosts. Undo: `destroy-stack`. Where the zone has no
 * room for the machine, the next try is in another zone of the same region; what stood in the first is removed before.
 * Errors: `stack_failed`, `stack_busy`, `records_unreachable`, `runner_died`, and those of the cloud (`cloud_…`).
 */
export function stackUp(ports: StackPorts) {
  return async (context: StepContext): Promise<void> => {
    const instance = await ports.store.instances.find(context.instanceId);
    if (instance?.status === 'ready') return;
    if (!instance?.licenceId) throw new ReasonError('licence_refused', 'the instance has no licence');
    const outputs = await run(ports, context, {
      kind: 'up',
      stack: stackName(instance._id),
      spec: specOf(instance),
      identity: {
        adminEmail: instance.adminEmail,
        plan: instance.plan,
        licenceId: instance.licenceId,
        enrolmentGeneration: 0,
      },
      recover: mayHaveRunBefore(context),
      pivotBehind: false,
    }).catch(async (error: unknown) => {
      const isFull = error instanceof ReasonError && error.code === 'cloud_capacity';
      throw isFull ? await leaveZone(ports, context, { instance, full: error }) : error;
    });
    if (!outputs) throw new ReasonError('stack_failed', 'the stack has no outputs');
    await ports.store.instances.update(instance._id, { outputs });
  };
}

/** This step removes everything of an instance: destroy, then the sweep by tag. A no-op where nothing was built. */
export function destroyStack(ports: StackPorts) {
  return async (context: StepContext): Promise<void> => {
    const instance = await ports.store.instances.find(context.instanceId);
    if (!instance) return;
    await run(ports, context, destroyRequest(instance));
  };
}

/** How soon the next try follows in the next zone. */
const nextZoneMs = 1_000;

/**
 * Moves a server that was not delivered yet out of a zone that is full: removes what was built there, volume included,
 * because no host has written to it, and remembers the zone to try next. Answers the failure of this try: the next one
 * comes at once, or, when every zone of the region was full, after the usual wait and from the beginning.
 */
async function leaveZone(
  ports: StackPorts,
  context: StepContext,
  { instance, full }: { instance: InstanceRecord; full: ReasonError },
): Promise<ReasonError> {
  const { _id, cloud, region, zone, zonesTried = [] } = instance;
  const message = full.detail ?? '';
  const next = chooseZone({ zones: ports.zonesOf(cloud, region), current: zone, tried: zonesTried, message });
  if (next === null) {
    await ports.store.instances.update(_id, { zonesTried: [] });
    return full;
  }
  await run(ports, context, destroyRequest(instance));
  await ports.store.instances.update(_id, { zone: next, zonesTried: [...zonesTried, zone] });
  const text = `Zone ${zone} of ${region} is full; the server is built in ${next}.`;
  await ports.journal
    .append(context, { type: 'log', step: context.step, severity: 'warning', text })
    .catch((error: unknown) => log.warn('a line was not told', { error }));
  return new ReasonError(full.code, message, { cause: full, retryAfterMs: nextZoneMs });
}

function destroyRequest(instance: InstanceRecord): StackRequest {
  return {
    kind: 'destroy',
    stack: stackName(instance._id),
    spec: specOf(instance),
    recover: true,
    pivotBehind: false,
  };
}

/** Name of the stack of an instance. */
export function stackName(instanceId: string): string {
  return `inst-${instanceId}`;
}

/** Only the very first attempt of the very first try knows that nothing can be left of an earlier one. */
function mayHaveRunBefore(context: StepContext): boolean {
  return context.attempt > 1 || activityInfo().attempt > 1;
}

/** What the stack of an instance is made of: the one place where its record becomes a spec. */
export function specOf(instance: InstanceRecord): PrivateServerSpec {
  const { size, image, zone } = instance;
  const node = { name: 'node-1', zone };
  const machine = { name: 'm1', size, image };
  const osImage = instance.outputs?.osImages?.[machineKey(node, machine)] ?? null;
  return {
    instanceId: instance._id,
    cloud: instance.cloud,
    region: instance.region,
    diskGib: instance.diskGib,
    hostnames: [instance.hostname],
    nodes: [{ ...node, machines: [{ ...machine, osImage }], serving: machine.name }],
    tags: {
      'freehold:plan': instance.plan,
      'freehold:order': instance.orderId,
      // What clouds do not tell of everything that they hold.
      'freehold:created': instance.createdAt.toISOString(),
    },
  };
}

const logLevels = { info: 'info', warning: 'warn', error: 'error' } as const;

async function run({ runStack, journal }: StackPorts, context: StepContext, request: StackRequest) {
  let told: Promise<unknown> = Promise.resolve();
  const tell = (line: RunnerLine) => {
    if (line.type === 'resource') beat({ done: line.done, total: line.total });
    // What the timeline misses is in the engine's own log; the operation does not stop for it.
    told = told.then(() => tellTimeline(line)).catch((error) => log.warn('a line was not told', { error }));
  };
  const tellTimeline = async (line: RunnerLine) => {
    switch (line.type) {
      case 'resource':
        if (line.status === 'started') return;
        await journal.append(context, {
          type: 'log',
          step: context.step,
          severity: line.status === 'failed' ? 'error' : 'info',
          text: describeResource(line),
        });
        await journal.note(context, { status: 'running', progress: line.done / Math.max(1, line.total) });
        return;
      case 'log':
        // Customers read the timeline; what engine and cloud say is for operators, in the worker's log and the failure.
        log[logLevels[line.severity]](line.text, { stack: request.stack });
        return;
      case 'phase':
      case 'result':
      case 'failure':
        return;
    }
  };
  try {
    // The runner may have been started before this activity; what its output calls has to be of this activity all the same.
    return await runStack(request, { onLine: AsyncResource.bind(tell), signal: cancellationSignal() });
  } catch (error) {
    throw waitForCloud(error, activityInfo().attempt);
  } finally {
    await told;
  }
}
