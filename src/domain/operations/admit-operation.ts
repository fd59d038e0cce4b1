import type { ReasonCode } from '../../contracts/reasons.ts';
import type { InstanceStatus, OperationKind } from '../../contracts/states.ts';
import type { QueuedOperation } from '../../contracts/workflow-messages.ts';

/** What an instance does and has waiting. */
export interface InstanceWork {
  status: InstanceStatus;
  running: QueuedOperation | null;
  queue: readonly QueuedOperation[];
}

/** What becomes of an operation that is asked for: refused, or what the queue is from now on and which one answers it. */
export type Admission =
  | { refused: ReasonCode; detail: string }
  | { refused: null; queue: QueuedOperation[]; operationId: string };

/** What the system asks for by itself, and what may wait behind an operation that runs: one of each kind. */
const waits: readonly OperationKind[] = ['suspend', 'resume', 'check-drift'];

/**
 * Who may come next (design 6, Admission). While an operation runs a customer's change is refused and the system's own
 * operations wait, the newest of each kind. A check of drift has no content: one that runs or waits answers for a second
 * one, and it gives way to everything else that waits.
 */
export function admit(asked: QueuedOperation, { status, running, queue }: InstanceWork): Admission {
  const { kind, operationId } = asked;
  if (kind === 'check-drift') {
    const same = [running, ...queue].find((operation) => operation?.kind === kind);
    if (same) return { refused: null, queue: [...queue], operationId: same.operationId };
    if (status !== 'ready' && status !== 'drifted') {
      return { refused: 'server_not_ready', detail: `the instance is ${status}` };
    }
    const [next] = queue;
    if (next) return { refused: 'operation_running', detail: next.operationId };
    return { refused: null, queue: [asked], operationId };
  }
  const [busy] = [running, ...queue].filter((operation) => operation !== null && operation.kind !== 'check-drift');
  const blocking = running ?? busy;
  if (blocking && !waits.includes(kind)) return { refused: 'operation_running', detail: blocking.operationId };
  const others = queue.filter((operation) => operation.kind !== 'check-drift' && operation.kind !== kind);
  return { refused: null, queue: [...others, asked], operationId };
}
