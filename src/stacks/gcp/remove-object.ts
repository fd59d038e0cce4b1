import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import { monotonic } from '../../runtime/clock.ts';
import { dataDeviceName } from '../cloud-init/machine.ts';
import type { GcpClient } from './client.ts';
import { gcpReasonOf } from './errors.ts';
import type { GcpObject } from './list-objects.ts';

/** How long an object that uses another one may take to release it, ms. */
const timeoutMs = 300_000;
/** How often the state of an operation is polled, ms. */
const pollMs = 1_000;

/** In use by something that is being deleted, or not ready yet itself. */
const held = /resourceInUse|RESOURCE_IN_USE|resourceNotReady|RESOURCE_NOT_READY/;
const gone = 404;
const notAttached = /No attached disk found|memberNotFound|is not a member of/;

const Operation = z.object({
  name: z.string(),
  status: z.string(),
  error: z.object({ errors: z.array(z.object({ code: z.string(), message: z.string().default('') })) }).optional(),
});

/** Objects that can be removed: those of stacks, and snapshots. */
type Removable = Pick<GcpObject, 'id'> & { kind: GcpObject['kind'] | 'snapshots' };

/** Removes an object and waits for dependent objects that are being deleted. A missing object is a success. */
export async function removeObject(
  client: GcpClient,
  object: Removable,
  { pauseMs }: { pauseMs: number },
): Promise<void> {
  const startedAt = monotonic();
  for (;;) {
    try {
      return await removeOnce(client, object);
    } catch (error) {
      const text = error instanceof ReasonError ? error.message : '';
      if (notAttached.test(text)) return;
      if (!held.test(text) || monotonic() - startedAt > timeoutMs) throw error;
      await delay(pauseMs);
    }
  }
}

async function removeOnce(client: GcpClient, { kind, id }: Removable): Promise<void> {
  const allowed = [gone];
  switch (kind) {
    case 'record':
      await client.ask(client.dns + id, { method: 'DELETE', allowed });
      return;
    case 'attachment': {
      const machine = id.slice(0, id.lastIndexOf('/'));
      return operate(client, `${machine}/detachDisk?deviceName=${dataDeviceName}`, { method: 'POST' });
    }
    case 'schedule': {
      const [project, zone = '', disk, policy] = id.split('/');
      // A policy is regional; the region's name is the zone's without its letter.
      const region = zone.slice(0, zone.lastIndexOf('-'));
      const body = { resourcePolicies: [`projects/${project}/regions/${region}/resourcePolicies/${policy}`] };
      const path = `projects/${project}/zones/${zone}/disks/${disk}/removeResourcePolicies`;
      return operate(client, path, { method: 'POST', body });
    }
    case 'member': {
      const at = id.lastIndexOf('/');
      const group = id.slice(0, at);
      const machine = `${group.slice(0, group.indexOf('/instanceGroups/'))}/instances/${id.slice(at + 1)}`;
      return operate(client, `${group}/removeInstances`, {
        method: 'POST',
        body: { instances: [{ instance: machine }] },
      });
    }
    default:
      return operate(client, id, { method: 'DELETE' });
  }
}

/** Starts an operation of Compute Engine and waits for its end. */
async function operate(client: GcpClient, path: string, call: { method: string; body?: unknown }): Promise<void> {
  const { status, body } = await client.ask(client.compute + path, { ...call, allowed: [gone] });
  if (status !== gone) await finish(client, path, body);
}

/** Waits for the end of an operation that a call of Compute Engine started, and throws its error. */
export async function finish(client: GcpClient, path: string, body: unknown, signal?: AbortSignal): Promise<void> {
  const scope = /^projects\/[^/]+\/(?:global|(?:zones|regions)\/[^/]+)/.exec(path)?.[0];
  const startedAt = monotonic();
  let operation = Operation.parse(body);
  while (operation.status !== 'DONE') {
    if (monotonic() - startedAt > timeoutMs) {
      throw new ReasonError('cloud_unavailable', `${path} is not done after ${timeoutMs / 1000} s`);
    }
    const { body: state } = await client.ask(`${client.compute}${scope}/operations/${operation.name}`);
    operation = Operation.parse(state);
    if (operation.status !== 'DONE') await delay(pollMs, undefined, signal ? { signal } : {});
  }
  const [problem] = operation.error?.errors ?? [];
  if (!problem || problem.code === 'RESOURCE_NOT_FOUND') return;
  const text = `${path}: ${problem.code}: ${problem.message}`;
  throw new ReasonError(gcpReasonOf(text) ?? 'cloud_unavailable', text);
}
