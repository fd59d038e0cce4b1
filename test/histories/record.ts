import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { recordedNames, writeText } from './recorded.ts';
import { scenarios } from './scenarios.ts';

/**
 * Records the histories that `test/workflows/replay.test.ts` replays: `node test/histories/record.ts [name …]`,
 * without a name the missing ones.
 *
 * A recorded history stands for orders that run at customers, so changed workflows must be able to replay the old
 * ones. Record again only what was never released.
 */
const selected = process.argv.slice(2);
const names = selected.length > 0 ? selected : Object.keys(scenarios).filter((name) => !recordedNames().includes(name));

/** Fields that depend on the recording machine or on its server, not on the workflow. */
const ofTheMachine = [
  'identity',
  'stackTrace',
  'workerVersion',
  'encodedAttributes',
  'binaryChecksum',
  'meteringMetadata',
  'historySizeBytes',
  'requestId',
  'taskId',
  'eventGroupMarkers',
  'prevAutoResetPoints',
];

for (const name of names) {
  const scenario = scenarios[name];
  if (!scenario) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`);
  const runs = (await scenario()).map(({ workflowId, history }) => ({
    workflowId,
    history: cleaned(historyToJSON(history)),
  }));
  writeText(name, `${JSON.stringify(runs)}\n`);
  process.stdout.write(`${name}: ${runs.map(({ history }) => history.events.length).join(', ')} events\n`);
}
process.exit(0);

function cleaned(json: string): { events: unknown[] } {
  return JSON.parse(json, (key, value) => (ofTheMachine.includes(key) ? undefined : value));
}
