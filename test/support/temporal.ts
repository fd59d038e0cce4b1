import { execFileSync } from 'node:child_process';
import proto from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { searchAttributes } from '../../src/contracts/workflow-messages.ts';
import { workflowBundle as buildBundle } from '../../src/workers/workflow-bundle.ts';

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { forward: {}, filter: 'ERROR' } },
});

/** Path of a tool: from the environment, or on PATH. */
function toolPath(variable: string, command: string): string {
  return process.env[variable] ?? execFileSync('which', [command], { encoding: 'utf8' }).trim();
}

/** A Temporal test server that skips time: days pass in milliseconds while nothing runs. */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = toolPath('TEMPORAL_TEST_SERVER', 'temporal-test-server');
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  try {
    await environment.connection.operatorService.addSearchAttributes({
      namespace: environment.namespace ?? 'default',
      searchAttributes: Object.fromEntries(
        Object.entries(searchAttributes).map(([name, type]) => [name, indexedTypes[type]]),
      ),
    });
  } catch (error) {
    await environment.teardown();
    throw error;
  }
  return environment;
}

/**
 * The official Temporal dev server in memory, with our search attributes: TEMPORAL_CLI, or `temporal` on PATH. It
 * suggests to continue a workflow as new after this many events, instead of 4,096.
 */
export async function startDevServer({
  continueAsNewAfter = 4_096,
}: {
  continueAsNewAfter?: number;
} = {}): Promise<TestWorkflowEnvironment> {
  const path = toolPath('TEMPORAL_CLI', 'temporal');
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      // It warns about every task that its own shutdown interrupts.
      log: { format: 'pretty', level: 'error' },
      extraArgs: [
        ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
        '--dynamic-config-value',
        `limit.historyCount.suggestContinueAsNew=${continueAsNewAfter}`,
      ],
    },
  });
}

/** A workflow's histories, one for each run in its chain of continue-as-new, oldest first. */
export async function runsOf(client: Client, workflowId: string): Promise<Run[]> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  const runs: Run[] = [];
  for (let runId = raw.workflowExecutionInfo?.firstRunId; runId; ) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    runs.push({ workflowId, history });
    runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return runs;
}

export interface Run {
  workflowId: string;
  history: proto.temporal.api.history.v1.IHistory;
}

type Client = TestWorkflowEnvironment['client'];

const { IndexedValueType } = proto.temporal.api.enums.v1;
const indexedTypes = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Bool: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
} as const;

let bundle: ReturnType<typeof buildBundle> | undefined;

/** The product's workflows, bundled once for a whole test run, or once per test file if run alone. */
export function workflowBundle() {
  bundle ??= buildBundle(process.env.FREEHOLD_WORKFLOW_CACHE);
  return bundle;
}
