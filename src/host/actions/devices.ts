import { now } from '../../runtime/clock.ts';
import { textsOf } from '../../texts/texts.ts';
import { type Host, isAdministrator } from '../host.ts';
import { NewDevice, NewReading, parse, ReadingsQuery } from '../inputs.ts';
import { requireRoom } from '../limits.ts';
import { HostError } from '../reasons.ts';
import type { Device } from '../store/devices.ts';
import type { ReadingPage } from '../store/readings.ts';
import type { User } from '../store/users.ts';
import { type Asking, requireChange, requireUser } from './guards.ts';

/** The administrator sees every device, other users only their own. */
export function devicesOf(host: Host, user: User): Device[] {
  return isAdministrator(host, user) ? host.store.devices.list() : host.store.devices.ofOwner(user.id);
}

/** Another user's device answers `not_found`, as if it did not exist. */
export function deviceOf(host: Host, asking: Asking, id: string): Device {
  const user = requireUser(asking);
  const device = host.store.devices.byId(id);
  if (!device || (device.ownerId !== user.id && !isAdministrator(host, user))) throw new HostError('not_found');
  return device;
}

/** The answer contains the credential once; only its hash is stored. */
export function addDevice(host: Host, asking: Asking, input: unknown): { device: Device; credential: string } {
  const user = requireChange(host, asking);
  const { name } = parse(NewDevice, input);
  if (host.store.devices.has(user.id, name)) {
    throw new HostError('already_there', { detail: textsOf('en').host.details.device });
  }
  requireRoom(host, 'devices');
  return host.store.devices.add(user.id, name);
}

/** Removes a device with its readings; its credential is refused from then on. */
export function removeDevice(host: Host, asking: Asking, id: string): void {
  requireChange(host, asking);
  host.store.devices.remove(deviceOf(host, asking, id).id);
}

/** A part of a device's readings for its owner or the administrator; `query` has `limit` and `before`. */
export function readingsOf(host: Host, asking: Asking, id: string, query: unknown): ReadingPage {
  const wish = parse(ReadingsQuery, query);
  return host.store.readings.page(deviceOf(host, asking, id).id, wish);
}

/** What a device reads of its own, with its credential. Errors: `credential_wrong`, `invalid_input`. */
export function ownReadings(host: Host, { deviceId, authorization }: DeviceCall, query: unknown): ReadingPage {
  requireCredential(host, { deviceId, authorization });
  return host.store.readings.page(deviceId, parse(ReadingsQuery, query));
}

/** A call of a device; the header carries its credential as a bearer token. */
interface DeviceCall {
  deviceId: string;
  authorization: string | undefined;
}

function requireCredential(host: Host, { deviceId, authorization }: DeviceCall): void {
  const credential = /^Bearer (\S{16,128})$/i.exec(authorization ?? '')?.[1];
  if (!credential || !host.store.devices.accepts(deviceId, credential)) throw new HostError('credential_wrong');
}

/**
 * Accepts a reading from a device: its credential alone authorises it, and a licence lock does not prevent it. Resolves
 * when the reading is on disk. Errors: `credential_wrong`, `invalid_input`.
 */
export async function takeReading(host: Host, { body, ...call }: DeviceCall & { body: unknown }): Promise<void> {
  requireCredential(host, call);
  const { values, at } = parse(NewReading, body);
  await host.store.readings.add({ deviceId: call.deviceId, values, at: at ?? now() });
}
