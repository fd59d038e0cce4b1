import { log } from '@temporalio/activity';
import { ReasonError } from '../../contracts/reasons.ts';
import type { HostIdentity, StackRequest } from '../../contracts/stack.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { finalSnapshotOf } from '../../domain/fleet/snapshots.ts';
import { chooseZone, fullZone } from '../../domain/operations/choose-zone.ts';
import { appliedFrom, specFrom } from '../../domain/operations/server-spec.ts';
import { now } from '../../runtime/clock.ts';
import type { InstanceRecord } from '../../store/records.ts';
import { textsOf } from '../../texts/texts.ts';
import type { StackPorts } from './ports.ts';
import { mayHaveRunBefore, runStackWithProgress } from './run-stack-with-progress.ts';

/**
 * This step builds the stack of an instance: address, records, volume, hosts. Undo: `destroy-stack`. Where the zone
 * has no capacity for the machine, the next try uses another zone of the same region; the resources in the first are
 * destroyed before. Errors: `stack_failed`, `stack_busy`, `records_unreachable`, `runner_died`, and those of the
 * cloud (`cloud_…`).
 */
export function stackUp(ports: StackPorts) {
  return async (context: StepContext): Promise<void> => {
    const instance = await ports.store.instances.find(context.instanceId);
    if (instance?.status === 'ready') return;
    if (!instance?.licenceId) throw new ReasonError('licence_refused', 'the instance has no licence');
    const spec = specFrom(instance);
    const outputs = await runStackWithProgress(ports, context, {
      kind: 'up',
      stack: stackName(instance._id),
      spec,
      identity: identityOf(instance, instance.licenceId),
      recover: mayHaveRunBefore(context),
      delivered: false,
    }).catch(async (error: unknown) => {
      const isFull = error instanceof ReasonError && error.code === 'cloud_capacity';
      throw isFull && !instance.applied ? await leaveZone(ports, context, { instance, full: error }) : error;
    });
    if (!outputs) throw new ReasonError('stack_failed', 'the stack has no outputs');
    await ports.store.instances.update(instance._id, { applied: appliedFrom(spec, outputs), outputs });
  };
}

/**
 * This step deletes everything of an instance: destroy, then the sweep by tag. A no-op where nothing was built. Where
 * the server was once ready, a snapshot of each data volume is complete before anything is deleted, and is kept for
 * `finalSnapshotDays`; otherwise nothing is kept. Errors: those of `stack-up`, and `snapshot_failed`.
 */
export function destroyStack(ports: StackPorts) {
  return async (context: StepContext): Promise<void> => {
    const instance = await ports.store.instances.find(context.instanceId);
    if (!instance) return;
    const finalSnapshot = finalSnapshotOf(instance, { at: now(), days: ports.finalSnapshotDays });
    await runStackWithProgress(ports, context, destroyRequest(instance, { finalSnapshot }));
    await ports.store.instances.clearStack(instance._id);
  };
}

/** Delay before the try in the next zone. */
const nextZoneMs = 1_000;

/**
 * Moves a server that is not delivered yet out of a zone without capacity: destroys what was built there, volume
 * included, because no host has written to it, and records the zone to try next. Returns the failure of this try: the
 * next one comes at once or, when no zone of the region is left, after the usual delay and from the first zone.
 */
async function leaveZone(
  ports: StackPorts,
  context: StepContext,
  { instance, full }: { instance: InstanceRecord; full: ReasonError },
): Promise<ReasonError> {
  const { _id, cloud, region, desired, zonesTried = [] } = instance;
  const message = full.detail ?? '';
  const taken = [...new Set(desired.nodes.map(({ zone }) => zone))];
  const left = fullZone(taken, message);
  // The nodes of a server are in different zones.
  const zones = ports.zonesOf(cloud, region).filter((zone) => zone === left || !taken.includes(zone));
  const next = left === null ? null : chooseZone({ zones, current: left, tried: zonesTried, message });
  if (left === null || next === null) {
    await ports.store.instances.update(_id, { zonesTried: [] });
    return full;
  }
  await runStackWithProgress(ports, context, destroyRequest(instance, { finalSnapshot: null }));
  const nodes = desired.nodes.map((node) => (node.zone === left ? { ...node, zone: next } : node));
  await ports.store.instances.update(_id, { desired: { ...desired, nodes }, zonesTried: [...zonesTried, left] });
  const text = textsOf('en').resources.zoneFull({ zone: left, region, next });
  await ports.journal
    .append(context, { type: 'log', step: context.step, severity: 'warning', text })
    .catch((error: unknown) => log.warn('a line was not written to the timeline', { error }));
  return new ReasonError(full.code, message, { cause: full, retryAfterMs: nextZoneMs });
}

/** The request that destroys an instance; the caller decides whether snapshots of its data are kept. */
export function destroyRequest(
  instance: InstanceRecord,
  { finalSnapshot }: { finalSnapshot: { keepUntil: string } | null },
): StackRequest {
  return {
    kind: 'destroy',
    stack: stackName(instance._id),
    spec: specFrom(instance),
    recover: true,
    delivered: false,
    finalSnapshot,
  };
}

/**
 * The request of an `up` at a delivered server: no resource missing from the state is deleted, and nothing is built
 * where one of its volumes (`requiredVolumeIds`) is gone, because recovery removes it from the state and an up would
 * create an empty one instead. Throws `licence_refused`.
 */
export function deliveredRequest(
  instance: InstanceRecord,
  {
    spec = specFrom(instance),
    recover = true,
    requiredVolumeIds = instance.outputs?.volumeIds ?? [],
    acceptRestored = false,
  }: Partial<Pick<StackRequest, 'spec' | 'recover' | 'requiredVolumeIds' | 'acceptRestored'>> = {},
): StackRequest {
  const { _id, licenceId } = instance;
  if (!licenceId) throw new ReasonError('licence_refused', 'the instance has no licence');
  const stack = stackName(_id);
  return {
    kind: 'up',
    stack,
    spec,
    identity: identityOf(instance, licenceId),
    recover,
    delivered: true,
    requiredVolumeIds,
    acceptRestored,
  };
}

/** Name of the stack of an instance. */
export function stackName(instanceId: string): string {
  return `inst-${instanceId}`;
}

/** What the runner needs beside the spec to write the host contract. */
function identityOf({ adminEmail, plan, desired }: InstanceRecord, licenceId: string): HostIdentity {
  return { adminEmail, plan, licenceId, enrolmentGeneration: desired.enrolmentGeneration };
}
