import type { AdmissionRules } from '../../contracts/operations/operation.ts';
import { findOperation } from '../../contracts/operations/registry.ts';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { InstanceStatus } from '../../contracts/states.ts';
import type { QueuedOperation } from '../../contracts/workflow-messages.ts';

/** The running and queued operations of an instance. */
export interface InstanceWork {
  status: InstanceStatus;
  running: QueuedOperation | null;
  queue: readonly QueuedOperation[];
}

/**
 * The admission of a request: refused, or the new queue, the operation that answers it, and whether the running
 * operation is asked to end so that this one can start.
 */
export type Admission =
  | { refused: ReasonCode; detail: string }
  | { refused: null; queue: QueuedOperation[]; operationId: string; endsRunning: boolean };

/** An operation kind that a newer release accepted; this release does not run it. */
const unknownKind: AdmissionRules = { from: [], whileBusy: 'refused' };

/** The admission rules of a kind of operation. */
export type RulesOf = (kind: QueuedOperation['kind']) => AdmissionRules;

/**
 * Admits a request by the rules that each operation declares. A repeated request, or a second one
 * of a deduplicated kind, gets the id of the running or queued operation. A `dropped` operation stays queued only while
 * no other operation does; one that the system requested gives way even when it is already running.
 */
export function admit(
  request: QueuedOperation,
  { status, running, queue }: InstanceWork,
  rulesOf: RulesOf = (kind) => findOperation(kind)?.admission ?? unknownKind,
): Admission {
  const { kind, operationId } = request;
  const { from, whileBusy, deduplicated } = rulesOf(kind);
  const givesWay = (other: QueuedOperation) => rulesOf(other.kind).whileBusy === 'dropped';
  const same = [running, ...queue].find(
    (other) => other?.operationId === operationId || (deduplicated && other?.kind === kind),
  );
  if (same) return { refused: null, queue: [...queue], operationId: same.operationId, endsRunning: false };
  if (!from.includes(status)) return { refused: 'server_not_ready', detail: `the instance is ${status}` };

  const endsRunning = running !== null && running.requestedBy === 'system' && givesWay(running) && !givesWay(request);
  const others = queue.filter((other) => !givesWay(other) && other.kind !== kind);
  const blocking = endsRunning ? undefined : (running ?? undefined);
  switch (whileBusy) {
    case 'refused': {
      const busy = blocking ?? queue.find((other) => !givesWay(other));
      if (busy) return { refused: 'operation_running', detail: busy.operationId };
      return { refused: null, queue: [request], operationId, endsRunning };
    }
    case 'queued':
      return { refused: null, queue: [...others, request], operationId, endsRunning };
    case 'dropped': {
      const [next] = queue;
      if (next) return { refused: 'operation_running', detail: next.operationId };
      return { refused: null, queue: [request], operationId, endsRunning };
    }
  }
}
