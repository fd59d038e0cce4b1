import { setTimeout as delay } from 'node:timers/promises';
import { cancellationSignal } from '@temporalio/activity';
import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { primaryHostname } from '../../domain/operations/desired-server.ts';
import { versionOf } from '../../domain/operations/server-spec.ts';
import { monotonic } from '../../runtime/clock.ts';
import { heartbeat } from '../lib/heartbeat-interceptor.ts';
import type { HealthPorts } from './ports.ts';
import { readHostHealth } from './read-host-health.ts';

const pollIntervalMs = 100;
/** One activity attempt polls this long; then the next one does, so that a restarted worker takes over quickly. */
const attemptMs = 20_000;
const noteIntervalMs = 1_000;

/**
 * This step waits until the server answers as a customer would see it, in phases: address, DNS, TLS, process,
 * version. `/healthz` must name this instance and its version. Errors, all naming the phase that waits:
 * `cloud_unavailable`, `dns_unresolved`, `tls_untrusted`, `host_starting`; retryable until the deadline of the step.
 * `data_volume_refused` at the end of an attempt is final: it waits for an operator.
 */
export function awaitHealthy(ports: HealthPorts) {
  return async (context: StepContext): Promise<void> => {
    const instance = await ports.store.instances.find(context.instanceId);
    if (!instance?.outputs?.addresses.length) throw new ReasonError('cloud_unavailable', 'phase address');
    const { _id: instanceId } = instance;
    const expected = { instanceId, hostname: primaryHostname(instance.desired), versions: [versionOf(instance)] };
    const signal = cancellationSignal();
    const until = monotonic() + attemptMs;
    const note = causeNotes(ports, context);
    for (;;) {
      const problem = await readHostHealth(ports, expected);
      if (!problem) return;
      if (monotonic() > until) throw problem;
      await note(problem);
      heartbeat({ phase: problem.code });
      await delay(pollIntervalMs, undefined, { signal });
    }
  };
}

/** Records the newest cause that is seen while the step waits, each change of it, but not more often than this. */
function causeNotes({ journal }: Pick<HealthPorts, 'journal'>, context: StepContext) {
  let last: string | undefined;
  let notedAt = Number.NEGATIVE_INFINITY;
  return async ({ code, detail = '' }: ReasonError): Promise<void> => {
    const cause = `${code} ${detail}`;
    if (cause === last || monotonic() - notedAt < noteIntervalMs) return;
    last = cause;
    notedAt = monotonic();
    await journal.note(context, { status: 'retrying', reason: code, detail });
  };
}
