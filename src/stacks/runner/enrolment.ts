import { z } from 'zod';
import { HostContract } from '../../contracts/host-contract.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { HostIdentity, PrivateServerSpec } from '../../contracts/stack.ts';
import { machinesOf } from '../private-server.ts';
import type { RunnerSettings } from './settings.ts';

const Enrolment = z.object({ enrollmentToken: z.string().min(16) });
const Keys = HostContract.shape.licence.shape.publicKeys;
const timeoutMs = 15_000;
const attempts = 3;

/**
 * The runner's calls to the licence server. They throw `licence_server_unavailable` if it does not answer or fails, and
 * `licence_refused` if it refuses.
 */
async function call(url: URL, init: RequestInit): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    let response: Response | undefined;
    let problem: unknown;
    try {
      response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
      if (response.ok) return await response.json();
    } catch (error) {
      problem = error;
    }
    if (response && response.status < 500 && response.status !== 429) {
      throw new ReasonError('licence_refused', `${url.pathname} answered ${response.status}`);
    }
    if (attempt === attempts) {
      const detail = response ? `${url.pathname} answered ${response.status}` : `${url.pathname} did not answer`;
      throw new ReasonError('licence_server_unavailable', detail, { cause: problem });
    }
  }
}

function post(settings: RunnerSettings, path: string, body: unknown): Promise<unknown> {
  return call(new URL(path, settings.LICENCE_SERVER_URL), {
    method: 'POST',
    headers: { authorization: `Bearer ${settings.LICENCE_ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/**
 * The host contract of every machine, by its key. The same licence, node and generation give the same token, so every
 * repetition writes the same contract; the machines of a node share the token, because a node has one seat.
 */
export async function enrolNodes(
  settings: RunnerSettings,
  spec: PrivateServerSpec,
  identity: HostIdentity,
): Promise<{ contracts: Record<string, HostContract>; tokens: string[] }> {
  const keysUrl = new URL('/.well-known/license-keys.json', settings.LICENCE_SERVER_URL);
  const [keys, ...tokens] = await Promise.all([
    call(keysUrl, {}).then((body) => Keys.parse(body)),
    ...spec.nodes.map(async ({ name }) => {
      const desired = { licenseId: identity.licenceId, nodeName: name, generation: identity.enrolmentGeneration };
      return Enrolment.parse(await post(settings, '/v1/admin/enrollments', desired)).enrollmentToken;
    }),
  ]);
  const contracts = machinesOf(spec).map(({ node, machine, key }): [string, HostContract] => {
    const contract: HostContract = {
      instanceId: spec.instanceId,
      nodeName: node.name,
      hostnames: spec.hostnames,
      adminEmail: identity.adminEmail,
      plan: identity.plan,
      productVersion: machine.image,
      controlPlaneUrl: settings.FREEHOLD_PUBLIC_URL,
      licence: {
        serverUrl: settings.LICENCE_SERVER_URL,
        publicKeys: keys,
        enrollmentToken: tokens[spec.nodes.indexOf(node)]!,
      },
    };
    return [key, HostContract.parse(contract)];
  });
  return { contracts: Object.fromEntries(contracts), tokens };
}

/** Reports to the licence server that `up` has ended: open tokens can be redeemed only for a limited time. */
export async function reportUpEnded(settings: RunnerSettings, identity: HostIdentity): Promise<void> {
  await post(settings, '/v1/admin/enrollments/up-ended', { licenseId: identity.licenceId });
}
