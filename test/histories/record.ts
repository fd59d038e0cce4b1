import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { type Running, withInstance } from '../workflows/world.ts';
import { scenarios } from './scenarios.ts';

/**
 * Makes the histories again that `test/workflows/replay.test.ts` replays: `node test/histories/record.ts [name …]`.
 *
 * A recorded history stands for orders that run at customers, so a change of the workflows has to replay the old ones.
 * Record again only what was never released, or a new scenario.
 */
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(scenarios);

/** What tells of the machine that recorded, and nothing of the workflow. */
const ofTheMachine = ['identity', 'stackTrace', 'workerVersion', 'encodedAttributes', 'binaryChecksum'];

for (const name of names) {
  const scenario = scenarios[name];
  if (!scenario) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`);
  const world = scenario.world();
  const histories = await withInstance({ world, ...scenario.options }, async (running) => {
    await scenario.play({ ...running, world });
    const { entity, operation } = running;
    return Promise.all([read(entity), read(operation)]);
  });
  const file = join(import.meta.dirname, `${name}.json`);
  const plain = histories.map(({ workflowId, history }) => ({ workflowId, history: cleaned(historyToJSON(history)) }));
  await mkdir(import.meta.dirname, { recursive: true });
  await writeFile(file, `${JSON.stringify(plain)}\n`);
  const events = plain.map(({ history }) => history.events.length);
  process.stdout.write(`${name}: ${events.join(' and ')} events\n`);
}
process.exit(0);

async function read(handle: Running['entity']) {
  return { workflowId: handle.workflowId, history: await handle.fetchHistory() };
}

function cleaned(json: string): { events: unknown[] } {
  return JSON.parse(json, (key, value) => (ofTheMachine.includes(key) ? undefined : value));
}
