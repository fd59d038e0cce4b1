import type { Operation } from '../../contracts/api/operations.ts';
import type { TimelineEvent } from '../../contracts/events.ts';
import { checkDrift } from '../../contracts/operations/check-drift.ts';
import type { ReasonCode } from '../../contracts/reasons.ts';
import { type InstanceStatus, operationHasEnded } from '../../contracts/states.ts';

/** What is wrong with a delivered server, as codes and values. */
export interface ServerIncidentFacts {
  reason: ReasonCode;
  /** ms since the epoch; undefined where its event is not among those given. */
  since: number | undefined;
  /** The differences that were found, a sentence each. */
  found: string[];
  /** Who acts next: the running repair, our team, or the next check. */
  next: 'repair' | 'team' | 'check';
}

/**
 * The incident of a delivered server that differs from what was built; undefined while there is none. `operations` are
 * those of the server, newest first; `events` its timeline.
 */
export function serverIncidentFacts({
  status,
  operations,
  events,
}: {
  status: InstanceStatus;
  operations: readonly Pick<Operation, 'id' | 'kind' | 'status' | 'reason'>[];
  events: readonly TimelineEvent[];
}): ServerIncidentFacts | undefined {
  if (status !== 'drifted') return undefined;
  const begin = events.findLast((event) => event.type === 'instance' && event.status === 'drifted');
  const checks = operations.filter(({ kind }) => kind === checkDrift.kind);
  const newest = checks[0];
  const found = events.filter((event) => event.type === 'log' && event.step === 'report-drift');
  const report = found.at(-1)?.operationId;
  const isRunning = newest !== undefined && !operationHasEnded(newest.status);
  return {
    reason: reasonOf(checks, events),
    since: begin && Date.parse(begin.at),
    found: found.flatMap((event) => (event.type === 'log' && event.operationId === report ? [event.text] : [])),
    next: isRunning ? (newest.status === 'needs_operator' ? 'team' : 'repair') : 'check',
  };
}

/** The reason that the newest check reported; one that ended without a finding has none. */
function reasonOf(checks: readonly Pick<Operation, 'reason'>[], events: readonly TimelineEvent[]): ReasonCode {
  const [newest] = checks;
  if (newest?.reason && newest.reason !== 'check_ended') return newest.reason;
  const reported = events.findLast(
    (event) =>
      event.type === 'operation' && event.kind === checkDrift.kind && event.status === 'running' && event.reason,
  );
  return (reported?.type === 'operation' ? reported.reason : undefined) ?? 'server_drifted';
}
