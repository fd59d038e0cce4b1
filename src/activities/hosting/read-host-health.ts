import { fetch } from 'undici';
import { HostHealth, phasesForPeople } from '../../contracts/host-contract.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Reach } from '../../runtime/reach.ts';

const answerWithinMs = 5_000;

/** What a healthy server must answer. */
export interface ExpectedHost {
  instanceId: string;
  hostname: string;
  /** Accepted versions; two during an upgrade. */
  versions: readonly string[];
}

/** How hosts are read from outside. */
export interface HostView {
  reach: Reach;
  /** The address of a server as a browser opens it. */
  hostUrl(hostname: string): string;
}

/** Returns what makes a server unhealthy, naming the phase, or nothing. */
export async function readHostHealth(
  { reach, hostUrl }: HostView,
  expected: ExpectedHost,
): Promise<ReasonError | undefined> {
  const { instanceId, hostname, versions } = expected;
  const addresses = await resolve(reach, hostname);
  if (addresses.length === 0) return new ReasonError('dns_unresolved', `phase DNS: no record for ${hostname}`);
  let health: unknown;
  try {
    const response = await fetch(new URL('/healthz', hostUrl(hostname)), {
      dispatcher: reach.dispatcher,
      signal: AbortSignal.timeout(answerWithinMs),
    });
    health = await response.json().catch(() => undefined);
    if (!response.ok) return whyStarting(response.status, health, instanceId);
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
    return isTlsProblem(cause)
      ? new ReasonError('tls_untrusted', `phase TLS: ${cause}`)
      : new ReasonError('host_starting', `phase process: ${cause}`);
  }
  const parsed = HostHealth.safeParse(health);
  if (!parsed.success) return new ReasonError('host_starting', 'phase process: this is not the answer of our host');
  if (parsed.data.instanceId !== instanceId) return new ReasonError('host_starting', 'phase process: another instance');
  if (!versions.includes(parsed.data.version)) {
    const wanted = versions.join(' or ');
    return new ReasonError('host_starting', `phase version: ${parsed.data.version} instead of ${wanted}`);
  }
  return undefined;
}

/**
 * While the product itself does not answer, the host answers with the phase of its boot (cloud-init, `report-phase`).
 */
function whyStarting(status: number, health: unknown, instanceId: string): ReasonError {
  const { data } = HostHealth.safeParse(health);
  if (data?.instanceId !== instanceId || data.phase === undefined) {
    return new ReasonError('host_starting', `phase process: status ${status}`);
  }
  const forPeople = phasesForPeople.includes(data.phase);
  return new ReasonError(forPeople ? 'data_volume_refused' : 'host_starting', `phase ${data.phase}`);
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
