import { setTimeout as delay } from 'node:timers/promises';
import { type ReasonCode, ReasonError } from '../../contracts/reasons.ts';
import { StackRequest } from '../../contracts/stack.ts';
import { cloudStacks } from '../clouds.ts';
import type { CloudStacks } from '../private-server.ts';
import { killSession, signalSession } from '../processes.ts';
import { openEngine, wasKilled } from './engine.ts';
import { proveKnownSecret } from './known-secret.ts';
import { openLeaseManager } from './lease-holder.ts';
import { type Outcome, runOperation } from './operations.ts';
import { createReporter, type Reporter } from './reporter.ts';
import { takeSettings } from './settings.ts';
import { readRequest } from './stdin.ts';

/** Serves one request and ends the process: 0 after a result, 1 after a failure. */
export async function runRunner(): Promise<void> {
  const { settings, secrets } = takeSettings(process.env);
  const reporter = createReporter(secrets);
  const stop = new AbortController();
  const leases = openLeaseManager(settings);
  const opening = openEngine(settings);
  const proving = opening.then((engine) =>
    proveKnownSecret(engine, { leases, passphrase: settings.PULUMI_CONFIG_PASSPHRASE }),
  );
  // Both are awaited where a request is served.
  for (const work of [opening, proving]) work.catch(() => undefined);

  const line = readRequest({ onClosed: () => stop.abort() });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

  const text = await Promise.race([line, aborted(stop.signal)]);
  if (text === null) {
    await opening.then((engine) => engine.close()).catch(() => undefined);
    process.exit(0);
  }

  stop.signal.addEventListener('abort', () => escalateShutdown(settings.FREEHOLD_RUNNER_ESCALATION_MS));
  let cloud: CloudStacks | undefined;
  let code = 0;
  try {
    const request = StackRequest.parse(JSON.parse(text));
    cloud = await cloudStacks(request.spec.cloud);
    cloud.checkSettings(process.env);
    await proving;
    const lease = await leases.acquire(request.stack);
    let outcome: Outcome;
    let settled = false;
    try {
      const engine = await opening;
      const recover = request.recover || !lease.clean;
      stop.signal.throwIfAborted();
      const context = {
        request: { ...request, recover },
        settings,
        engine,
        cloud,
        reporter,
        secrets,
        clean: lease.clean,
        signal: stop.signal,
      };
      outcome = await runOperation(context);
      // A refresh and a preview leave a needed recovery open.
      settled = !['refresh', 'preview-refresh'].includes(request.kind) || !recover;
    } finally {
      // No process of this session may touch the stack once the lease is free.
      await killSession(process.pid, process.pid);
      await lease
        .release({ settled })
        .catch(() => reporter.log('warning', 'the lease was not released; it will expire'));
    }
    reporter.write({ type: 'result', outputs: outcome.outputs, changes: countsOf(outcome.changes) });
  } catch (error) {
    code = 1;
    const { reason, detail } = explain(error, { cloud, reporter, stopped: stop.signal.aborted });
    reporter.write({ type: 'failure', reason, detail: reporter.clean(detail), tail: reporter.tail });
  }
  await opening.then((engine) => engine.close()).catch(() => undefined);
  process.exit(code);
}

/**
 * The rest of the shutdown escalation: the engine got SIGINT with the abort; then SIGTERM and SIGKILL for the session.
 */
function escalateShutdown(escalationMs: number): void {
  setTimeout(() => signalSession(process.pid, 'SIGTERM', process.pid), escalationMs / 2);
  setTimeout(() => killSession(process.pid, process.pid), (escalationMs * 3) / 4);
}

async function aborted(signal: AbortSignal): Promise<null> {
  while (!signal.aborted) await delay(2 ** 30, undefined, { signal }).catch(() => undefined);
  return null;
}

function explain(
  error: unknown,
  context: { cloud: CloudStacks | undefined; reporter: Reporter; stopped: boolean },
): { reason: ReasonCode; detail: string } {
  if (context.stopped) return { reason: 'runner_died', detail: 'the operation was stopped' };
  if (error instanceof ReasonError) return { reason: error.code, detail: error.detail ?? '' };
  if (wasKilled(error)) return { reason: 'runner_died', detail: 'the engine was killed' };
  const [first] = context.reporter.errors;
  for (const message of context.reporter.errors) {
    const reason = context.cloud?.reasonOf(message);
    if (reason) return { reason, detail: message };
  }
  if (context.reporter.lostProvider()) return { reason: 'runner_died', detail: 'the provider died or did not answer' };
  const message = error instanceof Error ? error.message : String(error);
  return { reason: 'stack_failed', detail: first ?? message };
}

function countsOf(changes: Partial<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(changes).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}
