import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import { monotonic } from '../../runtime/clock.ts';
import { dataDeviceName } from '../cloud-init/machine.ts';
import type { GcpClient } from './client.ts';
import { gcpReasonOf } from './errors.ts';
import type { GcpObject } from './list-objects.ts';

/** How long what held another thing may take to let go of it, ms. */
const timeoutMs = 300_000;
/** How often the state of an operation is asked for, ms. */
const askAgainMs = 1_000;

/** What is held by something that is ending, or is itself not done yet. */
const held = /resourceInUse|RESOURCE_IN_USE|resourceNotReady|RESOURCE_NOT_READY/;
const gone = 404;
const notAttached = /No attached disk found|memberNotFound|is not a member of/;

const Operation = z.object({
  name: z.string(),
  status: z.string(),
  error: z.object({ errors: z.array(z.object({ code: z.string(), message: z.string().default('') })) }).optional(),
});

/** What can be removed: what stacks are made of, and snapshots. */
type Removable = Pick<GcpObject, 'id'> & { kind: GcpObject['kind'] | 'snapshots' };

/**
 * Removes an object, however it is held: what is still ending is waited for. An object that is gone already is a success.
 */
export async function removeObject(
  client: GcpClient,
  object: Removable,
  { pauseMs }: { pauseMs: number },
): Promise<void> {
  const begun = monotonic();
  for (;;) {
    try {
      return await removeOnce(client, object);
    } catch (error) {
      const said = error instanceof ReasonError ? error.message : '';
      if (notAttached.test(said)) return;
      if (!held.test(said) || monotonic() - begun > timeoutMs) throw error;
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
    case 'account':
      await client.ask(client.iam + id, { method: 'DELETE', allowed });
      return;
    case 'attachment': {
      const machine = id.slice(0, id.lastIndexOf('/'));
      return operate(client, `${machine}/detachDisk?deviceName=${dataDeviceName}`, { method: 'POST' });
    }
    case 'schedule': {
      const [project, zone = '', disk, policy] = id.split('/');
      // A policy is of the region, whose name is that of the zone without its letter.
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

/** Begins an operation of Compute Engine and waits for its end. */
async function operate(client: GcpClient, path: string, call: { method: string; body?: unknown }): Promise<void> {
  const { status, body } = await client.ask(client.compute + path, { ...call, allowed: [gone] });
  if (status !== gone) await finish(client, path, body);
}

/** Waits for the end of an operation that a call of Compute Engine began, and throws what it ended with. */
export async function finish(client: GcpClient, path: string, body: unknown, signal?: AbortSignal): Promise<void> {
  const place = /^projects\/[^/]+\/(?:global|(?:zones|regions)\/[^/]+)/.exec(path)?.[0];
  const begun = monotonic();
  let operation = Operation.parse(body);
  while (operation.status !== 'DONE') {
    if (monotonic() - begun > timeoutMs) {
      throw new ReasonError('cloud_unavailable', `${path} is not done after ${timeoutMs / 1000} s`);
    }
    const { body: state } = await client.ask(`${client.compute}${place}/operations/${operation.name}`);
    operation = Operation.parse(state);
    if (operation.status !== 'DONE') await delay(askAgainMs, undefined, signal ? { signal } : {});
  }
  const [problem] = operation.error?.errors ?? [];
  if (!problem || problem.code === 'RESOURCE_NOT_FOUND') return;
  const said = `${path}: ${problem.code}: ${problem.message}`;
  throw new ReasonError(gcpReasonOf(said) ?? 'cloud_unavailable', said);
}
