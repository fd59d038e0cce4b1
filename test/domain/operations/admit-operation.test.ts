import { describe, expect, test } from '@jest/globals';
import type { AdmissionRules, RequestedBy } from '../../../src/contracts/operations/operation.ts';
import type { InstanceStatus } from '../../../src/contracts/states.ts';
import type { QueuedOperation } from '../../../src/contracts/workflow-messages.ts';
import { admit } from '../../../src/domain/operations/admit-operation.ts';

/** Every admission class, under the names of operations that have it. */
const rules: Record<string, AdmissionRules> = {
  provision: { from: [], whileBusy: 'refused' },
  'change-plan': { from: ['ready'], whileBusy: 'refused' },
  backup: { from: ['ready'], whileBusy: 'refused' },
  suspend: { from: ['ready', 'drifted'], whileBusy: 'queued' },
  resume: { from: ['ready', 'drifted'], whileBusy: 'queued' },
  'check-drift': { from: ['ready', 'drifted'], whileBusy: 'dropped', deduplicated: true },
};
const rulesOf = (kind: string) => rules[kind]!;

/** The system asks for what is queued and dropped, unless a test says who did; customers for the rest. */
function operation(text: string, operationId?: string): QueuedOperation {
  const [kind = '', by] = text.split(' by ');
  const requestedBy = (by ?? (rulesOf(kind).whileBusy === 'refused' ? 'customer' : 'system')) as RequestedBy;
  return { kind, operationId: operationId ?? kind, requestedBy } as unknown as QueuedOperation;
}

interface Case {
  asked: string;
  status?: InstanceStatus;
  running?: string;
  waiting?: string[];
}

/** The queue afterwards, what answers, and whether the running one is ended; or the reason of the refusal. */
function outcome({ asked, status = 'ready', running, waiting = [] }: Case, operationId = 'new') {
  const queue = waiting.map((kind) => operation(kind));
  const work = { status, running: running ? operation(running) : null, queue };
  const admission = admit(operation(asked, operationId), work, rulesOf);
  if (admission.refused) return `${admission.refused} ${admission.detail}`;
  const next = admission.queue.map((each) => each.operationId).join(' ');
  return `${admission.operationId}: ${next}${admission.endsRunning ? ', the running one ends' : ''}`.trim();
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
    [{ asked: 'check-drift by operator', running: 'check-drift' }, 'check-drift:'],
    [{ asked: 'check-drift', running: 'change-plan', waiting: ['check-drift'] }, 'check-drift: check-drift'],
    [{ asked: 'check-drift', running: 'change-plan', waiting: ['suspend'] }, 'operation_running suspend'],
    [{ asked: 'check-drift', waiting: ['change-plan'] }, 'operation_running change-plan'],
    [{ asked: 'change-plan' }, 'new: new'],
    [{ asked: 'change-plan', status: 'suspended' }, 'server_not_ready the instance is suspended'],
    [{ asked: 'change-plan', running: 'backup' }, 'operation_running backup'],
    [{ asked: 'change-plan', waiting: ['backup'] }, 'operation_running backup'],
    [{ asked: 'change-plan', waiting: ['check-drift'] }, 'new: new'],
    [{ asked: 'suspend', running: 'change-plan' }, 'new: new'],
    [{ asked: 'suspend', running: 'change-plan', waiting: ['suspend'] }, 'new: new'],
    [{ asked: 'suspend', running: 'change-plan', waiting: ['resume'] }, 'new: resume new'],
    [{ asked: 'suspend', running: 'change-plan', waiting: ['check-drift'] }, 'new: new'],
  ])('%j: %s', (asked, expected) => {
    expect(outcome(asked)).toBe(expected);
  });
});

describe('a check of drift that runs', () => {
  test.each<[Case, string]>([
    [{ asked: 'change-plan', running: 'check-drift' }, 'new: new, the running one ends'],
    [{ asked: 'suspend', running: 'check-drift', status: 'drifted' }, 'new: new, the running one ends'],
    // One change waits for the end of the check already.
    [{ asked: 'change-plan', running: 'check-drift', waiting: ['backup'] }, 'operation_running backup'],
    // Somebody wants to see this one.
    [{ asked: 'change-plan', running: 'check-drift by operator' }, 'operation_running check-drift'],
    [{ asked: 'suspend', running: 'check-drift by operator' }, 'new: new'],
  ])('%j: %s', (asked, expected) => {
    expect(outcome(asked)).toBe(expected);
  });
});

test.each<Case>([
  { asked: 'change-plan', running: 'change-plan' },
  { asked: 'change-plan', running: 'check-drift', waiting: ['change-plan'] },
  { asked: 'suspend', running: 'backup', waiting: ['suspend'] },
])('the same request again gets the operation that it has: %j', (asked) => {
  const same = outcome(asked, asked.asked);
  expect(same).toMatch(new RegExp(`^${asked.asked}: ?`));
  expect(same).not.toContain('ends');
});

test('an operation of a kind that this release does not know is refused, and keeps no other from being judged', () => {
  const unknown = { kind: 'dance', operationId: 'op_1', requestedBy: 'customer' } as unknown as QueuedOperation;
  expect(admit(unknown, { status: 'ready', running: null, queue: [] })).toMatchObject({ refused: 'server_not_ready' });
  const check = { kind: 'check-drift', operationId: 'op_2', requestedBy: 'operator' } as const;
  expect(admit(check, { status: 'ready', running: unknown, queue: [] })).toMatchObject({ refused: null });
});

test('a restart comes at once where a check of the system found the server drifted and repairs it', () => {
  const check: QueuedOperation = { operationId: 'check', kind: 'check-drift', requestedBy: 'system' };
  const asked: QueuedOperation = { operationId: 'new', kind: 'restart', requestedBy: 'customer' };
  expect(admit(asked, { status: 'drifted', running: check, queue: [] })).toEqual({
    ...{ refused: null, operationId: 'new', endsRunning: true },
    queue: [asked],
  });
});
