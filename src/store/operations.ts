import { type Connection, Schema } from 'mongoose';
import type { ReasonCode } from '../contracts/reasons.ts';
import {
  endedOperationStatuses,
  type OperationStatus,
  operationHasEnded,
  type StepStatus,
} from '../contracts/states.ts';
import { isUndoStep } from '../contracts/steps.ts';
import { nowDate } from '../runtime/clock.ts';
import { type Newest, type NewestPage, newestFirst } from './newest-first.ts';
import type { OperationRecord, OperationStep } from './records.ts';

/** Statuses that a repeated check of the same try does not replace. */
const settled: readonly StepStatus[] = ['succeeded', 'skipped', 'stopped', 'failed', 'needs_operator'];

/**
 * Statuses of an attempt that this one does not replace. What succeeded is not skipped; a success after the deadline
 * comes too late for its attempt, about which an operator is asked; an undo step continues meanwhile.
 */
function lastingAgainst({ step, status }: OperationStep): readonly StepStatus[] {
  if (isUnderWay(status)) return settled;
  if (status === 'needs_operator') return isUndoStep(step) ? ['succeeded'] : [];
  if (status === 'skipped') return ['succeeded'];
  if (status !== 'succeeded' && status !== 'failed' && status !== 'stopped') return [];
  if (isUndoStep(step)) return [status];
  return status === 'succeeded' ? [status, 'skipped', 'needs_operator'] : ['failed', 'stopped', 'needs_operator'];
}

function isUnderWay(status: StepStatus): boolean {
  return status === 'running' || status === 'waiting' || status === 'retrying';
}

/** Operations with the latest state of each of their steps; the full history is in the timeline. */
export function operationStore(connection: Connection) {
  const model = connection.model<OperationRecord>(
    'Operation',
    new Schema<OperationRecord>(
      {
        _id: { type: String, required: true },
        instanceId: { type: String, required: true, index: true },
        orderId: { type: String, index: true },
        accountId: { type: String, required: true },
        kind: { type: String, required: true },
        status: { type: String, required: true, index: true },
        reason: String,
        found: { type: [String], default: undefined },
        console: { type: Schema.Types.Mixed },
        steps: { type: [Schema.Types.Mixed], required: true } as never,
        createdAt: { type: Date, required: true },
        endedAt: Date,
      },
      { collection: 'operations', minimize: false },
    ).index({ createdAt: -1, _id: -1 }),
  );

  /** Sets this status on an operation that waited for an operator, once none of its steps waits any more. */
  async function endWait(id: string, status: 'running' | 'undoing'): Promise<void> {
    await model.updateOne(
      { _id: id, status: 'needs_operator', 'steps.status': { $ne: 'needs_operator' } },
      { $set: { status }, ...(status === 'running' ? { $unset: { reason: '' } } : {}) },
    );
  }

  return {
    model,
    async insert(operation: OperationRecord): Promise<void> {
      await model.create(operation);
    },
    async find(id: string): Promise<OperationRecord | null> {
      return model.findById(id).lean<OperationRecord>();
    },
    /** The operations of these instances that have not ended, by the instance. */
    async runningOf(instanceIds: readonly string[]): Promise<ReadonlyMap<string, OperationRecord>> {
      const open = await model
        .find({ instanceId: { $in: instanceIds }, status: { $nin: endedOperationStatuses } })
        .lean<OperationRecord[]>();
      return new Map(open.map((operation) => [operation.instanceId, operation]));
    },
    /** Newest first. */
    async list(
      filter: { instanceId?: string; accountId?: string; status?: OperationStatus },
      limit: number,
    ): Promise<OperationRecord[]> {
      return model.find(filter).sort({ createdAt: -1 }).limit(limit).lean<OperationRecord[]>();
    },
    /** A page of them, newest first. */
    async newest(
      filter: { accountId?: string; status?: OperationStatus },
      page: NewestPage,
    ): Promise<Newest<OperationRecord>> {
      return newestFirst<OperationRecord>(model, { filter, time: 'createdAt', page });
    },
    /** The newest operations of these instances. */
    async ofInstances(instanceIds: readonly string[], limit: number): Promise<OperationRecord[]> {
      return model
        .find({ instanceId: { $in: instanceIds } })
        .sort({ createdAt: -1 })
        .limit(limit)
        .lean<OperationRecord[]>();
    },
    /** How many have this status. */
    async countWith(status: OperationStatus): Promise<number> {
      return model.countDocuments({ status });
    },
    async setConsole(id: string, console: NonNullable<OperationRecord['console']>): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { console } });
    },
    async setFound(id: string, found: readonly string[]): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { found } });
    },
    /** A reason stays until it is replaced, or until the operation continues or succeeds. */
    async setStatus(id: string, change: { status: OperationStatus; reason?: ReasonCode }): Promise<void> {
      const { status, reason } = change;
      const set: Record<string, unknown> = { status };
      if (reason) set.reason = reason;
      if (operationHasEnded(status)) set.endedAt = nowDate();
      const isOver = !reason && (status === 'running' || status === 'succeeded');
      await model.updateOne({ _id: id }, { $set: set, ...(isOver ? { $unset: { reason: '' } } : {}) });
    },
    /**
     * A step no longer waits for an operator: its operation continues with this status, unless another of its steps
     * still waits. Returns whether it has the status.
     */
    async goOn(
      id: string,
      { step, attempt, status }: Pick<OperationStep, 'step' | 'attempt'> & { status: 'running' | 'undoing' },
    ): Promise<boolean> {
      // Written before the other steps are read: of two steps that continue at once, one sees that none waits any more.
      await model.updateOne(
        { _id: id, 'steps.step': step, steps: { $elemMatch: { step, attempt, status: 'needs_operator' } } },
        { $set: { 'steps.$.status': 'retrying' } },
      );
      await endWait(id, status);
      return (await model.exists({ _id: id, status })) !== null;
    },
    /**
     * Replaces the state of one step, or appends it; two branches of an undo never lose each other's writes. False if
     * nothing changes: an attempt begins, succeeds or fails once; one that has ended or waits for an operator is not
     * changed to running or ended by a late report; a later attempt is not overwritten; and an attempt that still waits
     * or is retried for the same reason stays as it is. An undo step that succeeds while an operator is asked ends the
     * wait.
     */
    async setStep(id: string, step: OperationStep): Promise<boolean> {
      const { status, attempt, reason = null, detail = null, progress = null } = step;
      const ofTry = { step: step.step, attempt };
      const known: object[] = [
        { ...ofTry, status: { $in: lastingAgainst(step) } },
        { step: step.step, attempt: { $gt: attempt } },
      ];
      if (isUnderWay(status)) known.push({ ...ofTry, status, reason, detail, progress });
      if (status === 'running' && progress === null) known.push(ofTry);
      const replaced = await model.updateOne(
        { _id: id, 'steps.step': step.step, $nor: known.map((other) => ({ steps: { $elemMatch: other } })) },
        { $set: { 'steps.$': step } },
      );
      if (replaced.matchedCount === 1) {
        if (status === 'succeeded' && isUndoStep(step.step)) await endWait(id, 'undoing');
        return true;
      }
      const added = await model.updateOne({ _id: id, 'steps.step': { $ne: step.step } }, { $push: { steps: step } });
      // Before its first step an operation has no row.
      return added.matchedCount === 1 || !(await model.exists({ _id: id }));
    },
  };
}
