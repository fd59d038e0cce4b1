import { describe, expect, test } from '@jest/globals';
import type { InstanceStatus, OperationKind } from '../../../src/contracts/states.ts';
import type { QueuedOperation } from '../../../src/contracts/workflow-messages.ts';
import { admit } from '../../../src/domain/operations/admit-operation.ts';

const operation = (kind: OperationKind, operationId: string = kind): QueuedOperation => ({ kind, operationId });

interface Case {
  asked: OperationKind;
  status?: InstanceStatus;
  running?: OperationKind;
  waiting?: OperationKind[];
}

/** The queue afterwards, what answers, or the reason of the refusal. */
function outcome({ asked, status = 'ready', running, waiting = [] }: Case) {
  const work = { status, running: running ? operation(running) : null, queue: waiting.map((kind) => operation(kind)) };
  const admission = admit(operation(asked, 'new'), work);
  if (admission.refused) return `${admission.refused} ${admission.detail}`;
  return `${admission.operationId}: ${admission.queue.map(({ operationId }) => operationId).join(' ')}`.trim();
}

describe('an operation that is asked for', () => {
  test.each<[Case, string]>([
    [{ asked: 'check-drift' }, 'new: new'],
    [{ asked: 'check-drift', status: 'drifted' }, 'new: new'],
    [
      { asked: 'check-drift', status: 'provisioning', running: 'provision' },
      'server_not_ready the instance is provisioning',
    ],
    [{ asked: 'check-drift', status: 'suspended' }, 'server_not_ready the instance is suspended'],
    [{ asked: 'check-drift', running: 'change-plan' }, 'new: new'],
    [{ asked: 'check-drift', running: 'check-drift' }, 'check-drift:'],
    [{ asked: 'check-drift', running: 'change-plan', waiting: ['check-drift'] }, 'check-drift: check-drift'],
    [{ asked: 'check-drift', running: 'change-plan', waiting: ['suspend'] }, 'operation_running suspend'],
    [{ asked: 'check-drift', waiting: ['change-plan'] }, 'operation_running change-plan'],
    [{ asked: 'change-plan' }, 'new: new'],
    [{ asked: 'change-plan', running: 'backup' }, 'operation_running backup'],
    [{ asked: 'change-plan', running: 'check-drift' }, 'operation_running check-drift'],
    [{ asked: 'change-plan', waiting: ['backup'] }, 'operation_running backup'],
    [{ asked: 'suspend', running: 'change-plan' }, 'new: new'],
    [{ asked: 'suspend', running: 'change-plan', waiting: ['suspend'] }, 'new: new'],
    [{ asked: 'suspend', running: 'change-plan', waiting: ['resume'] }, 'new: resume new'],
    [{ asked: 'suspend', running: 'change-plan', waiting: ['check-drift'] }, 'new: new'],
  ])('%j: %s', (asked, expected) => {
    expect(outcome(asked)).toBe(expected);
  });
});
