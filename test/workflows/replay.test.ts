import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { scenarios } from '../histories/scenarios.ts';
import { workflowBundle } from '../support/temporal.ts';

interface Recorded {
  workflowId: string;
  history: unknown;
}

const folder = join(import.meta.dirname, '../histories');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

let options: Parameters<typeof Worker.runReplayHistories>[0];
beforeAll(async () => {
  options = { workflowBundle: await workflowBundle() };
}, 60_000);

function read(file: string): Recorded[] {
  return JSON.parse(readFileSync(join(folder, file), 'utf8'));
}

/** What replaying these histories against the workflows of today gives: an error each, or none. */
async function replay(recorded: readonly Recorded[]): Promise<(Error | undefined)[]> {
  const histories = recorded.map(({ workflowId, history }) => ({ workflowId, history: historyFromJSON(history) }));
  const errors: (Error | undefined)[] = [];
  for await (const { error } of Worker.runReplayHistories(options, histories)) errors.push(error);
  return errors;
}

describe('orders that run while the workflows change', () => {
  test.each(files)(
    'go on where they were: %s',
    async (file) => {
      expect(await replay(read(file))).toEqual([undefined, undefined]);
    },
    60_000,
  );

  test('every way of an order is recorded', () => {
    expect(files.sort()).toEqual(
      Object.keys(scenarios)
        .map((name) => `${name}.json`)
        .sort(),
    );
  });

  test('a change that they could not follow is noticed', async () => {
    const text = readFileSync(join(folder, 'delivered.json'), 'utf8').replaceAll('"issueLicence"', '"issueAnother"');
    expect(await replay(JSON.parse(text))).toEqual([undefined, expect.any(DeterminismViolationError)]);
  }, 60_000);

  test('the recorded histories carry no address and no secret', () => {
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8');
      const payloads = [...text.matchAll(/"data": ?"([A-Za-z0-9+/=]+)"/g)].map(([, data]) =>
        Buffer.from(data as string, 'base64').toString(),
      );
      const found = `${text}${payloads.join('\n')}`.match(/@[a-z0-9-]+\.|_secret_|sk_test|whsec_|Bearer|file:\/\//g);
      expect([file, found]).toEqual([file, null]);
    }
  });
});
