import { describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import type { Journal, StepNote } from '../../../src/activities/lib/journal.ts';
import { createStepInterceptor } from '../../../src/activities/lib/step-interceptor.ts';
import { ReasonError } from '../../../src/contracts/reasons.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import { textsOf } from '../../../src/texts/texts.ts';

const { reasons: reasonTexts } = textsOf('en');

const context: StepContext = {
  instanceId: 'i0123456789abcdef',
  orderId: 'ord_0123456789abcdef',
  operationId: 'op_0123456789abcdef',
  step: 'stack-up',
  attempt: 1,
};

/** Runs one activity of a step inside of the interceptor, with this journal. */
function run(
  note: (what: StepNote) => Promise<void>,
  activity: () => Promise<unknown>,
  log = pino({ level: 'silent' }),
): Promise<unknown> {
  const journal = { note: (_context: StepContext, what: StepNote) => note(what) } as Journal;
  const interceptor = createStepInterceptor(journal, log);
  const surrounded = (input: StepContext) => interceptor.execute!({ args: [input], headers: {} }, activity);
  return new MockActivityEnvironment().run(surrounded, context);
}

describe('a step that runs', () => {
  test('is recorded from its start to its end', async () => {
    const lines: string[] = [];
    await run(
      async ({ status }) => void lines.push(status),
      async () => undefined,
    );
    expect(lines).toEqual(['running', 'succeeded']);
  });

  test('keeps its reason when the timeline cannot be written', async () => {
    const note = async ({ status }: StepNote) => {
      if (status === 'failed') throw new Error('mongodb://user:secret@db is away');
    };
    const failing = async () => {
      throw new ReasonError('stack_failed', 'quota');
    };
    await expect(run(note, failing)).rejects.toMatchObject({ type: 'stack_failed', nonRetryable: true });
  });

  test('says in the log alone how the database did not answer', async () => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const away = async () => {
      throw Object.assign(new Error('connect ECONNREFUSED'), { name: 'MongoNetworkError' });
    };
    const error = await run(async () => undefined, away, log).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type: 'records_unreachable', message: reasonTexts.records_unreachable.operator });
    expect(lines.join('')).toContain('connect ECONNREFUSED');
  });

  test('never carries the text of an unknown error into the history, whoever threw it', async () => {
    const broken = async () => {
      throw new Error('mongodb://user:secret@db is away');
    };
    for (const attempt of [run(broken, async () => undefined), run(async () => undefined, broken)]) {
      const error = (await attempt.catch((thrown: unknown) => thrown)) as Error;
      expect(error).toMatchObject({ type: 'internal', nonRetryable: false });
      expect(error.message).not.toContain('secret');
    }
  });
});
