import { createInterface } from 'node:readline';
import { isReasonCode, ReasonError } from '../../contracts/reasons.ts';
import { RunnerLine, type StackOutputs, type StackRequest } from '../../contracts/stack.ts';
import { killSession } from '../processes.ts';
import { type RunnerProcess, refill, takeRunner } from './runner-process.ts';
import { escalationMsOf } from './settings.ts';

/** How much longer than its shutdown escalation a runner may take to end, ms. */
const graceMs = 10_000;
const longestDetail = 4_000;

export interface RunStackOptions {
  /** Called with every line of the runner; must not throw. */
  onLine?: (line: RunnerLine) => void;
  /** Stops the operation: the runner gets the time of its shutdown escalation, then its whole session is killed. */
  signal?: AbortSignal;
  /** Environment of the runner; by default this process's own. */
  env?: NodeJS.ProcessEnv;
}

/**
 * Runs one Pulumi operation in a child process and returns the stack's outputs (null for refresh, preview and destroy).
 * When it returns or throws, no process of the operation is left.
 *
 * Errors: `stack_failed` (the detail has the last lines), `stack_busy`, `records_unreachable`, `cloud_unavailable`,
 * `cloud_quota`, `cloud_not_enabled`, `licence_server_unavailable`, `licence_refused`, `state_passphrase_wrong`,
 * `runner_died`; the signal's
 * reason when aborted.
 */
export async function runStack(request: StackRequest, options: RunStackOptions = {}): Promise<StackOutputs | null> {
  const { signal, env = process.env } = options;
  signal?.throwIfAborted();
  const runner = takeRunner(env);
  const escalation = stopOnAbort(runner, signal, escalationMsOf(env) + graceMs);
  let last: RunnerLine | undefined;
  const reading = createInterface({ input: runner.child.stdout! });
  reading.on('line', (text) => {
    const line = parseLine(text);
    if (!line) return;
    last = line;
    options.onLine?.(line);
  });
  runner.child.stdin!.write(`${JSON.stringify(request)}\n`);
  try {
    const end = await runner.ended;
    if (last?.type === 'result') return last.outputs;
    signal?.throwIfAborted();
    if (last?.type === 'failure') throw failureOf(last);
    throw new ReasonError('runner_died', `code ${end.code}, signal ${end.signal}\n${runner.lastErrors()}`.trim());
  } finally {
    escalation.end();
    refill();
  }
}

function parseLine(text: string): RunnerLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Something other than the runner wrote to its standard output.
    return undefined;
  }
  return RunnerLine.safeParse(value).data;
}

function failureOf(line: Extract<RunnerLine, { type: 'failure' }>): ReasonError {
  const code = isReasonCode(line.reason) ? line.reason : 'stack_failed';
  const detail = [line.detail, ...line.tail.filter((text) => text !== line.detail)].join('\n');
  return new ReasonError(code, detail.slice(0, longestDetail));
}

function stopOnAbort(runner: RunnerProcess, signal: AbortSignal | undefined, limitMs: number) {
  let limit: NodeJS.Timeout | undefined;
  const stop = () => {
    runner.child.kill('SIGTERM');
    limit = setTimeout(() => killSession(runner.sid), limitMs);
  };
  signal?.addEventListener('abort', stop, { once: true });
  return {
    end() {
      clearTimeout(limit);
      signal?.removeEventListener('abort', stop);
    },
  };
}
