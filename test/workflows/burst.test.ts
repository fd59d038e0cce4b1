import { expect, test } from '@jest/globals';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import { createWorkflows } from '../../src/api/workflows.ts';
import { checkDrift } from '../../src/contracts/operations/check-drift.ts';
import { ReasonError } from '../../src/contracts/reasons.ts';
import { newId } from '../../src/runtime/new-id.ts';
import { textsOf } from '../../src/texts/texts.ts';
import { testConfig } from '../support/api.ts';
import { until } from '../support/until.ts';
import { createWorld, fail, operationId, withInstance } from './world.ts';

/** Temporal has at most 10 Updates of one workflow in flight and refuses the others with this gRPC code. */
const resourceExhausted = 8;
const count = 60;

type Answer = { operationId: string } | { code: string; grpcCode: number | undefined };

function grpcCodeOf(error: unknown): number | undefined {
  for (let cause = error; cause !== undefined; cause = (cause as { cause?: unknown }).cause) {
    if (isGrpcServiceError(cause)) return cause.code;
  }
  return undefined;
}

test('60 cancels, decisions and requests at once: each answer is true, and what was not taken is taken when it is sent again', async () => {
  const finishUndo = Promise.withResolvers<void>();
  const world = createWorld({
    'stack-up': () => {
      throw fail('stack_failed');
    },
    // The entity must not end before everything was answered.
    'settle-money': () => finishUndo.promise,
  });
  await withInstance({ world, realTime: true, limitMs: 170_000 }, async ({ environment, entity, instanceId }) => {
    await until(() => world.notes.includes('needs_operator stack-up#1 stack_failed'), { limitMs: 30_000 });
    const { address } = environment;
    // Without its own repetitions a client sees each refusal of the server.
    const connections = { once: Connection.lazy({ address, interceptors: [] }), usual: Connection.lazy({ address }) };
    const send = async (index: number, updateId: string, by: keyof typeof connections): Promise<Answer> => {
      const connection = connections[by];
      const workflows = createWorkflows({ connection, namespace: 'default', config: testConfig(), deadlineMs: 15_000 });
      const decision = { operationId, step: 'stack-up' as const, attempt: 1, operator: `op ${index}`, why: 'again' };
      const requested = { kind: checkDrift.kind, operationId: updateId, requestedBy: 'operator' as const };
      try {
        if (index % 3 === 0) return await workflows.cancel(instanceId, { by: 'customer', updateId });
        if (index % 3 === 2) return await workflows.request(instanceId, requested);
        return await workflows.decide(instanceId, { action: 'retry', request: decision, updateId });
      } catch (error) {
        if (!(error instanceof ReasonError)) throw error;
        return { code: error.code, grpcCode: grpcCodeOf(error) };
      }
    };
    const ids = Array.from({ length: count }, () => newId.operation());
    const answers = new Map<string, Answer>();
    const isOpen = (answer: Answer | undefined) =>
      answer === undefined || ('code' in answer && answer.code === 'workflow_unreachable');
    try {
      await Promise.all(ids.map(async (id, index) => answers.set(id, await send(index, id, 'once'))));
      const refused = ids.filter((id) => isOpen(answers.get(id)));
      const grpcCodes = refused.map((id) => (answers.get(id) as { grpcCode?: number }).grpcCode);
      expect(grpcCodes).toContain(resourceExhausted);
      const { customer, operator, next } = textsOf('en').reasons.workflow_unreachable;
      expect(customer).toMatch(/may not have been accepted/);
      expect(operator).toMatch(/takes no more Updates/);
      expect(next).toMatch(/^Send it again/);

      for (const id of refused) answers.set(id, await send(ids.indexOf(id), id, 'usual'));
      const [cancels, decisions, requests] = [0, 1, 2].map((kind) =>
        ids.flatMap((id, index) => (index % 3 === kind ? [answers.get(id) as Answer] : [])),
      ) as [Answer[], Answer[], Answer[]];
      expect(ids.filter((id) => isOpen(answers.get(id)))).toEqual([]);
      for (const answer of cancels) expect(answer).toEqual({ operationId });
      for (const answer of requests) expect(answer).toMatchObject({ code: 'server_not_ready' });
      const used = decisions.filter((answer) => 'operationId' in answer);
      for (const answer of decisions) if ('code' in answer) expect(answer.code).toBe('step_not_waiting');
      expect(world.decisions).toHaveLength(used.length);
      expect(used.length).toBeLessThanOrEqual(1);
    } finally {
      finishUndo.resolve();
      await Promise.all(Object.values(connections).map((connection) => connection.close()));
    }
    await entity.result();
    expect(world.order.state).toBe('cancelled');
  });
}, 180_000);
