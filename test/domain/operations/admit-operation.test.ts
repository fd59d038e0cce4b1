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

/**
 * Requested by the system where the class is `dropped`, by customers otherwise, unless the test names the requester.
 */
function operation(text: string, operationId?: string): QueuedOperation {
  const [kind = '', by] = text.split(' by ');
  const requestedBy = (by ?? (rulesOf(kind).whileBusy === 'refused' ? 'customer' : 'system')) as RequestedBy;
  return { kind, operationId: operationId ?? kind, requestedBy } as unknown as QueuedOperation;
}

interface Case {
  request: string;
  status?: InstanceStatus;
  running?: string;
  waiting?: string[];
}

/** The resulting queue, the answering operation, and whether the running one is ended; or the refusal. */
function outcome({ request: asked, status = 'ready', running, waiting = [] }: Case, operationId = 'new') {
  const queue = waiting.map((kind) => operation(kind));
  const work = { status, running: running ? operation(running) : null, queue };
  const admission = admit(operation(asked, operationId), work, rulesOf);
  if (admission.refused) return `${admission.refused} ${admission.detail}`;
  const next = admission.queue.map((each) => each.operationId).join(' ');
  return `${admission.operationId}: ${next}${admission.endsRunning ? ', the running one ends' : ''}`.trim();
}

describe('an operation that is asked for', () => {
  test.each<[Case, string]>([
    [{ request: 'check-drift' }, 'new: new'],
    [{ request: 'check-drift', status: 'drifted' }, 'new: new'],
    [
      { request: 'check-drift', status: 'provisioning', running: 'provision' },
      'server_not_ready the instance is provisioning',
    ],
    [{ request: 'check-drift', status: 'suspended' }, 'server_not_ready the instance is suspended'],
    [{ request: 'check-drift', running: 'change-plan' }, 'new: new'],
    [{ request: 'check-drift', running: 'check-drift' }, 'check-drift:'],
    [{ request: 'check-drift by operator', running: 'check-drift' }, 'check-drift:'],
    [{ request: 'check-drift', running: 'change-plan', waiting: ['check-drift'] }, 'check-drift: check-drift'],
    [{ request: 'check-drift', running: 'change-plan', waiting: ['suspend'] }, 'operation_running suspend'],
    [{ request: 'check-drift', waiting: ['change-plan'] }, 'operation_running change-plan'],
    [{ request: 'change-plan' }, 'new: new'],
    [{ request: 'change-plan', status: 'suspended' }, 'server_not_ready the instance is suspended'],
    [{ request: 'change-plan', running: 'backup' }, 'operation_running backup'],
    [{ request: 'change-plan', waiting: ['backup'] }, 'operation_running backup'],
    [{ request: 'change-plan', waiting: ['check-drift'] }, 'new: new'],
    [{ request: 'suspend', running: 'change-plan' }, 'new: new'],
    [{ request: 'suspend', running: 'change-plan', waiting: ['suspend'] }, 'new: new'],
    [{ request: 'suspend', running: 'change-plan', waiting: ['resume'] }, 'new: resume new'],
    [{ request: 'suspend', running: 'change-plan', waiting: ['check-drift'] }, 'new: new'],
  ])('%j: %s', (request, expected) => {
    expect(outcome(request)).toBe(expected);
  });
});

describe('a check of drift that runs', () => {
  test.each<[Case, string]>([
    [{ request: 'change-plan', running: 'check-drift' }, 'new: new, the running one ends'],
    [{ request: 'suspend', running: 'check-drift', status: 'drifted' }, 'new: new, the running one ends'],
    // A change is already waiting for the check to end.
    [{ request: 'change-plan', running: 'check-drift', waiting: ['backup'] }, 'operation_running backup'],
    // An operator requested this check.
    [{ request: 'change-plan', running: 'check-drift by operator' }, 'operation_running check-drift'],
    [{ request: 'suspend', running: 'check-drift by operator' }, 'new: new'],
  ])('%j: %s', (request, expected) => {
    expect(outcome(request)).toBe(expected);
  });
});

test.each<Case>([
  { request: 'change-plan', running: 'change-plan' },
  { request: 'change-plan', running: 'check-drift', waiting: ['change-plan'] },
  { request: 'suspend', running: 'backup', waiting: ['suspend'] },
])('the same request again gets the operation that it has: %j', (request) => {
  const same = outcome(request, request.request);
  expect(same).toMatch(new RegExp(`^${request.request}: ?`));
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
