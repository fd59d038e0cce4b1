import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { reasonCodes } from '../../../src/contracts/reasons.ts';
import { OperationStatus, StepStatus } from '../../../src/contracts/states.ts';
import { StepName } from '../../../src/contracts/steps.ts';
import type { InstanceFacts } from '../../../src/contracts/workflow-messages.ts';
import { describeInstance, operationSummary } from '../../../src/domain/operations/describe-instance.ts';
import { type DescribedOperation, describeOperation } from '../../../src/domain/operations/describe-operation.ts';

const facts: InstanceFacts = {
  instanceId: 'i0123456789abcdef',
  orderId: 'ord_0123456789abcdef',
  accountId: 'acc_0123456789abcdef',
  hostname: 'acme.local.freehold.localhost',
  cloud: 'local',
  region: 'home',
  plan: 'GROW',
};
const running: DescribedOperation = {
  kind: 'provision',
  facts,
  operationId: 'op_0123456789abcdef',
  status: 'running',
  steps: [
    { step: 'hold-hostname', status: 'succeeded', attempt: 1, tookMs: 120 },
    { step: 'await-payment', status: 'waiting', attempt: 3, startedAt: Date.UTC(2026, 10, 22, 16, 14, 5) },
    { step: 'stack-up', status: 'pending', attempt: 0 },
  ],
};
const stuck: DescribedOperation = {
  ...running,
  status: 'needs_operator',
  windowEndsAt: Date.UTC(2026, 10, 23, 16),
  steps: [
    { step: 'stack-up', status: 'succeeded', attempt: 1, tookMs: 62_500 },
    { step: 'await-healthy', status: 'needs_operator', attempt: 2, reason: 'host_unhealthy' },
  ],
};

describe('what an operator reads about an operation', () => {
  test('a running one: its steps, why it waits, how to cancel', () => {
    const text = describeOperation(running);
    expect(text).toContain('### acme.local.freehold.localhost: running');
    expect(text).toContain('| Hold the hostname\u2003 | succeeded\u2003 | 1\u2003 | 0.1 s\u2003 |  |');
    expect(text).toContain('| Payment\u2003 | waiting\u2003 | 3\u2003 | since 16:14:05 UTC\u2003 |  |');
    expect(text).toContain('| Build the server\u2003 | pending\u2003 | \u2003 | \u2003 |  |');
    expect(text).toContain('**Payment** waits. We wait for your payment.');
    expect(text).toContain(
      `--workflow-id instance/${facts.instanceId} --name cancel-operation --input '{"by":"operator","operationId":"op_0123456789abcdef"}'`,
    );
  });

  test('one that needs an operator: the cause that was seen last', () => {
    const [, waiting] = stuck.steps;
    const text = describeOperation({
      ...stuck,
      steps: [{ ...waiting!, detail: 'host_starting: phase TLS: `EXPIRED`' }],
    });
    expect(text).toContain("```\nhost_starting: phase TLS: 'EXPIRED'\n```");
  });

  test('one that needs an operator: the reason, the three Updates, and when it undoes by itself', () => {
    const text = describeOperation(stuck);
    expect(text).toContain('**Wait for the server** needs an operator.');
    expect(text).toContain('`host_unhealthy`');
    for (const name of ['retry-step', 'skip-step', 'abort']) {
      expect(text).toContain(
        `--name ${name} --input '{"operationId":"op_0123456789abcdef","step":"await-healthy","attempt":2,`,
      );
    }
    expect(text).toContain('2026-11-23T16:00:00.000Z');
    expect(text).toContain('1 min 02 s');
  });

  test('a step that may not be skipped offers no skip', () => {
    const text = describeOperation({
      ...stuck,
      steps: [{ step: 'stack-up', status: 'needs_operator', attempt: 1, reason: 'stack_failed' }],
    });
    expect(text).toContain('retry-step');
    expect(text).not.toContain('skip-step');
  });

  test('an undo step that waits offers to be tried again, never to be undone', () => {
    const text = describeOperation({
      ...stuck,
      status: 'undoing',
      windowEndsAt: undefined,
      steps: [
        { step: 'destroy-stack', status: 'needs_operator', attempt: 3, reason: 'orphan_cleanup' },
        { step: 'send-outcome-mail', status: 'needs_operator', attempt: 1, reason: 'mail_refused' },
      ],
    });
    expect(text).toContain('"step":"destroy-stack","attempt":3');
    expect(text.match(/--name retry-step/g)).toHaveLength(2);
    expect(text.match(/--name skip-step/g)).toHaveLength(1);
    expect(text).not.toContain('--name abort');
  });

  test('after the pivot nothing offers to undo', () => {
    const delivered = { step: 'mark-ready', status: 'succeeded', attempt: 1 } as const;
    const mail = { step: 'send-mail', status: 'needs_operator', attempt: 10, reason: 'mail_refused' } as const;
    const text = describeOperation({ ...stuck, steps: [delivered, mail] });
    expect(text).toContain('skip-step');
    expect(text).not.toContain('abort');
    expect(describeOperation({ ...running, steps: [delivered] })).not.toContain('cancel-operation');
  });

  test.each(['succeeded', 'failed', 'cancelled'] as const)('one that ended as %s offers nothing', (status) => {
    expect(describeOperation({ ...stuck, status })).not.toContain('temporal workflow update');
  });

  test('always fits into what Temporal takes', () => {
    const step = fc.record({
      status: fc.constantFrom(...StepStatus.options),
      attempt: fc.nat(1_000_000),
      reason: fc.option(fc.constantFrom(...reasonCodes), { nil: undefined }),
      startedAt: fc.option(fc.nat(), { nil: undefined }),
      tookMs: fc.option(fc.nat(), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...OperationStatus.options),
        fc.array(step, { minLength: StepName.options.length, maxLength: StepName.options.length }),
        (status, shapes) => {
          const steps = shapes.map((shape, index) => ({ ...shape, step: StepName.options[index]! }));
          const text = describeOperation({ ...running, status, steps });
          expect(Buffer.byteLength(JSON.stringify(text))).toBeLessThan(10_000);
          for (const line of text.split('\n').filter((each) => each.startsWith('|'))) {
            expect(line.split('|')).toHaveLength(7);
          }
        },
      ),
    );
  });

  test('workflow code may import it: no Node built-in on the way', () => {
    const source = readFileSync(
      new URL('../../../src/domain/operations/describe-operation.ts', import.meta.url),
      'utf8',
    );
    expect(source).not.toContain('node:');
    expect(source).not.toMatch(/Date\.now|Math\.random|new Date\(\)/);
  });
});

describe('what an operator reads about an instance', () => {
  test('what runs, where to look, and what comes next', () => {
    const text = describeInstance({
      facts,
      status: 'provisioning',
      running: { operationId: 'op_0123456789abcdef', kind: 'provision' },
      queue: [{ operationId: 'op_1123456789abcdef', kind: 'check-drift' }],
    });
    expect(text).toContain('### acme.local.freehold.localhost: provisioning');
    expect(text).toContain('**provision** in `instance/i0123456789abcdef/op/op_0123456789abcdef`');
    expect(text).toContain('Next: check-drift `op_1123456789abcdef`');
  });

  test('an operation whose workflow stopped: that nothing was undone, and the two Updates that help', () => {
    const text = describeInstance({
      facts,
      status: 'provisioning',
      running: { operationId: 'op_0123456789abcdef', kind: 'provision' },
      stopped: true,
      queue: [],
    });
    expect(text).toContain('did not undo anything');
    for (const name of ['retry-step', 'abort'])
      expect(text).toContain(`--name ${name} --input '{"operationId":"op_0123`);
  });

  test('nothing runs, and a long queue stays short', () => {
    const queue = Array.from({ length: 5_000 }, () => ({
      operationId: 'op_1123456789abcdef',
      kind: 'check-drift' as const,
    }));
    const text = describeInstance({ facts, status: 'orphan_cleanup', running: null, queue });
    expect(text).toContain(': orphan cleanup');
    expect(text).toContain('No operation runs');
    expect(text).toContain('and 4980 more');
    expect(Buffer.byteLength(JSON.stringify(text))).toBeLessThan(3_000);
  });
});

describe('the summary line', () => {
  test('says what, where and for which order', () => {
    expect(operationSummary({ facts, kind: 'provision' })).toBe(
      'provision acme.local.freehold.localhost (GROW, local home, ord_0123456789abcdef)',
    );
  });

  test('never exceeds what Temporal takes', () => {
    const long = { ...facts, hostname: `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}` };
    expect(Buffer.byteLength(JSON.stringify(operationSummary({ facts: long, kind: 'instance' })))).toBeLessThan(210);
  });
});
