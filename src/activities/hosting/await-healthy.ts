import { setTimeout as delay } from 'node:timers/promises';
import { cancellationSignal } from '@temporalio/activity';
import { fetch } from 'undici';
import { monotonic } from '../../contracts/clock.ts';
import { HostHealth } from '../../contracts/host-contract.ts';
import type { Reach } from '../../contracts/reach.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import type { InstanceRecord } from '../../store/records.ts';
import { beat } from '../lib/beat-interceptor.ts';
import type { HealthPorts } from './health-activities.ts';

const lookEveryMs = 100;
/** One activity attempt looks this long, then the next attempt does, so that a restarted worker takes over quickly. */
const attemptMs = 20_000;
const answerWithinMs = 5_000;

/**
 * This step waits until the server answers as a customer would see it, in phases: address, DNS, TLS, process, version.
 * `/healthz` must name this instance and its version. Errors, all naming the phase that waits: `cloud_unavailable`,
 * `dns_unresolved`, `tls_untrusted`, `host_starting`; retryable, the step's deadline ends them.
 */
export function awaitHealthy(ports: HealthPorts) {
  return async (context: StepContext): Promise<void> => {
    const instance = await ports.store.instances.find(context.instanceId);
    if (!instance?.outputs) throw new ReasonError('cloud_unavailable', 'the instance has no address yet');
    const signal = cancellationSignal();
    const until = monotonic() + attemptMs;
    for (;;) {
      const problem = await look(ports, instance);
      if (!problem) return;
      if (monotonic() > until) throw problem;
      beat({ phase: problem.code });
      await delay(lookEveryMs, undefined, { signal });
    }
  };
}

/** What keeps the server from being healthy, or nothing. */
async function look({ reach, hostUrl }: HealthPorts, instance: InstanceRecord): Promise<ReasonError | undefined> {
  if (!instance.outputs?.addresses.length) return new ReasonError('cloud_unavailable', 'phase address');
  const addresses = await resolve(reach, instance.hostname);
  if (addresses.length === 0) return new ReasonError('dns_unresolved', `phase DNS: no record for ${instance.hostname}`);
  let health: unknown;
  try {
    const response = await fetch(new URL('/healthz', hostUrl(instance.hostname)), {
      dispatcher: reach.dispatcher,
      signal: AbortSignal.timeout(answerWithinMs),
    });
    if (!response.ok) {
      await response.body?.cancel();
      return new ReasonError('host_starting', `phase process: status ${response.status}`);
    }
    health = await response.json();
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
    return isTlsProblem(cause)
      ? new ReasonError('tls_untrusted', `phase TLS: ${cause}`)
      : new ReasonError('host_starting', `phase process: ${cause}`);
  }
  const parsed = HostHealth.safeParse(health);
  if (!parsed.success) return new ReasonError('host_starting', 'phase process: this is not the answer of our host');
  if (parsed.data.instanceId !== instance._id)
    return new ReasonError('host_starting', 'phase process: another instance');
  if (parsed.data.version !== instance.image) {
    return new ReasonError('host_starting', `phase version: ${parsed.data.version} instead of ${instance.image}`);
  }
  return undefined;
}

async function resolve(reach: Reach, hostname: string): Promise<string[]> {
  try {
    return await reach.resolve(hostname);
  } catch (error) {
    throw new ReasonError('dns_unresolved', `phase DNS: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}

function isTlsProblem(code: string): boolean {
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code);
}
