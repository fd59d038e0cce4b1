import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Restarted, RestartRequest } from '../private-server.ts';
import { waitForMachine } from '../wait-for-machine.ts';
import { createDigitaloceanApi, type DigitaloceanApi } from './api.ts';
import { digitaloceanSettings } from './settings.ts';

const Droplet = z.object({ droplet: z.object({ status: z.string(), locked: z.boolean().default(false) }) });
const Action = z.object({ id: z.number(), type: z.string(), status: z.string() });
type Action = z.infer<typeof Action>;

/** The action that restarts a droplet, by its status. */
const restarts = { active: 'power_cycle', off: 'power_on' } as const;
const isRestart = ({ type }: Action) => Object.values<string>(restarts).includes(type);

/**
 * Power-cycles a running droplet; turns on one that is off. Both are actions with an id, polled until they are over.
 * A droplet runs one action at a time: a restart in progress, from an attempt whose response was lost, counts as this
 * one; any other action is waited for.
 */
export async function restartDigitaloceanMachine(request: RestartRequest, env: NodeJS.ProcessEnv): Promise<Restarted> {
  const { serverId, signal } = request;
  const api = createDigitaloceanApi(env);
  const waiting = { serverId, pauseMs: digitaloceanSettings(env).FREEHOLD_DIGITALOCEAN_REMOVE_PAUSE_MS, signal };
  const action = await waitForMachine(() => beginRestart(api, serverId), waiting);
  await waitForMachine(() => endOf(api, action), waiting);
  return { downWithinMs: 0 };
}

/** The restart of a droplet, started now or before; undefined while another action runs. */
async function beginRestart(api: DigitaloceanApi, serverId: string): Promise<Action | undefined> {
  const found = await api.ask('GET', `droplets/${serverId}`, Droplet, { allowed: [404] });
  if (!found) throw new ReasonError('host_gone', serverId);
  const { status, locked } = found.droplet;
  if (locked) {
    const actions = await api.list(`droplets/${serverId}/actions`, 'actions', Action);
    return actions.find((each) => each.status === 'in-progress' && isRestart(each));
  }
  if (status !== 'active' && status !== 'off') return undefined;
  const request = { body: { type: restarts[status] }, allowed: [404, 422] };
  // 422: another action has started since the read.
  const begun = await api.ask('POST', `droplets/${serverId}/actions`, z.object({ action: Action }), request);
  return begun?.action;
}

/** True once an action is over; undefined before. Throws `cloud_unavailable` where it failed at DigitalOcean. */
async function endOf(api: DigitaloceanApi, { id, type }: Action): Promise<true | undefined> {
  const found = await api.ask('GET', `actions/${id}`, z.object({ action: Action }));
  if (found?.action.status === 'in-progress') return undefined;
  if (found?.action.status === 'completed') return true;
  throw new ReasonError('cloud_unavailable', `action ${id}, ${type}, ended as ${found?.action.status}`);
}
