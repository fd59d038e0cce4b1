import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { now, nowDate } from '../../src/runtime/clock.ts';
import type {
  Address,
  Change,
  CloudObject,
  Create,
  Host,
  Kind,
  Rules,
  Volume,
} from '../../src/stacks/local/cloud-api.ts';
import type { HostProcesses, Images } from './host-processes.ts';
import type { ObjectStore } from './object-store.ts';
import { regions } from './offer.ts';
import { CloudRefusal } from './problem.ts';

/**
 * A host as it is stored, with the token of its last restart; a deaf one runs a process that answers nothing (the fault
 * `never-healthy`) until it is stopped.
 */
export type StoredHost = Host & { deaf?: true; restartToken?: string };

/** Ports of reserved addresses are below the range from which systems take ephemeral ports. */
const firstPort = 20_000;
const lastPort = 31_999;

const prefixes: Record<Kind, string> = { addresses: 'addr', volumes: 'vol', records: 'rec', hosts: 'host' };
const deafScript = 'console.log("freehold: volume-is-awaited"); setInterval(() => {}, 2 ** 30)';
const deafCommand = [process.execPath, '-e', deafScript];

/** The cloud's objects: what may be created, changed and deleted, with the effects. */
export function createObjects(options: {
  store: ObjectStore;
  processes: HostProcesses;
  images: Images;
  folder: string;
  rules: () => Rules;
}) {
  const { store, processes, images } = options;
  const volumeFolder = (id: string) => join(options.folder, 'volumes', id);
  const promisedPorts = new Set<number>();

  const newId = (kind: Kind) => `${prefixes[kind]}-${randomBytes(8).toString('hex')}`;
  const base = (kind: Kind, input: { name: string; tags: Record<string, string> }) => ({
    id: newId(kind),
    name: input.name,
    tags: input.tags,
    createdAt: nowDate().toISOString(),
  });

  function need<K extends Kind>(kind: K, id: string): CloudObject<K> {
    const object = store.find(kind, id);
    if (!object) throw new CloudRefusal('not_found', `no ${kind.slice(0, -1)} ${id}`);
    return object;
  }

  function checkPlace(place: { region: string; zone?: string; size?: string }): void {
    const region = regions.get(place.region);
    if (!region) throw new CloudRefusal('unknown_region', `no region ${place.region}`);
    if (place.zone !== undefined && !region.zones.includes(place.zone)) {
      throw new CloudRefusal('unknown_zone', `no zone ${place.zone} in region ${place.region}`);
    }
    if (place.size !== undefined && !region.sizes.includes(place.size)) {
      throw new CloudRefusal('unknown_size', `no size ${place.size} in region ${place.region}`);
    }
  }

  const makers: { [K in Kind]: (input: Create<K>) => Promise<CloudObject<K>> } = {
    async addresses(input) {
      checkPlace(input);
      const port = await freePort();
      return { ...base('addresses', input), region: input.region, address: `127.0.0.1:${port}` };
    },
    async volumes(input) {
      checkPlace(input);
      const { region, zone, sizeGib } = input;
      const volume: Volume = { ...base('volumes', input), region, zone, sizeGib, attachedTo: null };
      mkdirSync(volumeFolder(volume.id), { recursive: true, mode: 0o700 });
      return volume;
    },
    async records(input) {
      if (options.rules().uniqueRecords && store.list('records', { name: input.name }).length > 0) {
        throw new CloudRefusal('name_taken', `a record ${input.name} exists`);
      }
      return { ...base('records', input), address: input.address, ttl: input.ttl };
    },
    async hosts(input) {
      checkPlace(input);
      if (!Object.hasOwn(images, input.image)) throw new CloudRefusal('unknown_image', `no image ${input.image}`);
      const { volumeId = null, addressId = null } = input;
      const { address } = checkAttachments({ id: null, zone: input.zone }, { volumeId, addressId });
      const { name: _name, tags: _tags, token: _token, userData, ...machine } = input;
      const host: Host = {
        ...base('hosts', input),
        ...machine,
        volumeId,
        addressId,
        address,
        desired: 'running',
        state: 'idle',
        pid: null,
        restarts: 0,
      };
      mkdirSync(processes.hostFolder(host.id), { recursive: true, mode: 0o700 });
      writeFileSync(processes.contractFile(host.id), userData, { mode: 0o600 });
      attach(host.id, volumeId);
      return host;
    },
  };

  /** Checks that a host may have this volume and this address, and returns the port it then listens on. */
  function checkAttachments(
    host: { id: string | null; zone: string },
    { volumeId, addressId }: Pick<Host, 'volumeId' | 'addressId'>,
  ): Pick<Host, 'address'> {
    const volume = volumeId === null ? null : need('volumes', volumeId);
    if (volume?.attachedTo && volume.attachedTo !== host.id) {
      throw new CloudRefusal('in_use', `volume ${volume.id} is attached to ${volume.attachedTo}`);
    }
    if (volume && volume.zone !== host.zone) {
      throw new CloudRefusal('unknown_zone', `volume ${volume.id} is in ${volume.zone}`);
    }
    const address = addressId === null ? null : need('addresses', addressId);
    if (address && store.list('hosts').some((other) => other.id !== host.id && other.addressId === address.id)) {
      throw new CloudRefusal('in_use', `address ${address.id} belongs to another host`);
    }
    return { address: address?.address ?? null };
  }

  function attach(hostId: string, volumeId: string | null): void {
    if (volumeId !== null) store.put('volumes', { ...need('volumes', volumeId), attachedTo: hostId });
  }

  function detach(hostId: string, volumeId: string | null): void {
    const volume = volumeId === null ? null : store.find('volumes', volumeId);
    if (volume?.attachedTo === hostId) store.put('volumes', { ...volume, attachedTo: null });
  }

  /** Gives a host another volume or address; it is down meanwhile, and boots again with both. */
  async function reattach(id: string, change: Partial<Pick<Host, 'volumeId' | 'addressId'>>): Promise<void> {
    await oneAfterTheOther(async () => {
      const { volumeId, addressId } = { ...need('hosts', id), ...change };
      const { address } = checkAttachments(need('hosts', id), { volumeId, addressId });
      await processes.stop(id);
      const host = need('hosts', id);
      detach(id, host.volumeId);
      attach(id, volumeId);
      store.put('hosts', { ...host, volumeId, addressId, address });
    });
  }

  /** Loopback ports stay reserved for their address, so a new one must be neither promised nor in use. */
  async function freePort(): Promise<number> {
    const taken = new Set(store.list('addresses').map((address) => portOf(address.address)));
    for (
      let port = firstPort + Math.floor(Math.random() * (lastPort - firstPort)), tries = 0;
      tries < 5_000;
      tries += 1
    ) {
      port = port >= lastPort ? firstPort : port + 1;
      if (taken.has(port) || promisedPorts.has(port)) continue;
      promisedPorts.add(port);
      if (await canListen(port)) return port;
    }
    throw new CloudRefusal('quota', 'no free address');
  }

  let lastCreate: Promise<unknown> = Promise.resolve();

  /** Creates read before they write, so they must not overlap. */
  function oneAfterTheOther<T>(work: () => Promise<T>): Promise<T> {
    const turn = lastCreate.then(work, work);
    lastCreate = turn.catch(() => undefined);
    return turn;
  }

  /** How a host boots; null while it lacks its volume or address. */
  function boot(host: StoredHost) {
    const image = images[host.image];
    if (!image) throw new CloudRefusal('unknown_image', `no image ${host.image}`);
    if (host.volumeId === null || host.address === null) return null;
    return {
      id: host.id,
      image: host.deaf ? { command: deafCommand } : image,
      dataFolder: volumeFolder(host.volumeId),
      port: portOf(host.address),
    };
  }

  async function startHost(id: string): Promise<Host> {
    const host = need('hosts', id);
    const booting = boot(host);
    store.put('hosts', { ...host, desired: 'running', ...(booting ? {} : { state: 'idle' }) });
    if (booting) await processes.start(booting);
    return need('hosts', id);
  }

  async function stopHost(id: string): Promise<Host> {
    const { deaf: _repaired, ...host }: StoredHost = need('hosts', id);
    store.put('hosts', { ...host, desired: 'stopped' });
    await processes.stop(id);
    return need('hosts', id);
  }

  async function restartHost(id: string, token: string): Promise<Host> {
    const { deaf: _mended, ...host }: StoredHost = need('hosts', id);
    if (host.restartToken === token) return host;
    const booting = boot(host);
    store.put('hosts', { ...host, desired: 'running', ...(booting ? {} : { state: 'idle' }) });
    if (booting) await processes.restart(booting, 'SIGKILL');
    const restarted: StoredHost = { ...need('hosts', id), restartToken: token };
    store.put('hosts', restarted);
    return restarted;
  }

  async function changeHost(id: string, { volumeId, addressId, ...change }: Change<'hosts'>): Promise<Host> {
    const host = need('hosts', id);
    if (change.size !== undefined) checkPlace({ region: host.region, size: change.size });
    const fittings = {
      ...(volumeId === undefined ? {} : { volumeId }),
      ...(addressId === undefined ? {} : { addressId }),
    };
    const resizes = change.size !== undefined && change.size !== host.size;
    const wasRunning = host.desired === 'running';
    if (Object.keys(fittings).length > 0) await reattach(id, fittings);
    else if (resizes && wasRunning) await processes.stop(id);
    store.put('hosts', { ...need('hosts', id), ...change } as Host);
    return wasRunning ? startHost(id) : need('hosts', id);
  }

  return {
    /** A free loopback port that no address gets. */
    reservePort: () => oneAfterTheOther(freePort),
    /** Reserves a port, so that no address gets it. */
    promisePort: (port: number) => void promisedPorts.add(port),
    startHost,
    stopHost,
    restartHost,
    need,
    /** Creates, or returns the object that an earlier create with this token made. */
    async create<K extends Kind>(kind: K, input: Create<K>, host: { deaf?: boolean }): Promise<CloudObject<K>> {
      const token = options.rules().createTokens ? input.token : null;
      const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('hex');
      const { object, fresh } = await oneAfterTheOther(async () => {
        const earlier = token === null ? null : store.findByToken(kind, token);
        if (earlier && earlier.fingerprint !== fingerprint) {
          throw new CloudRefusal('token_reused', 'the token was used with other parameters');
        }
        if (earlier) return { object: earlier.object, fresh: false };
        const made = await makers[kind](input);
        if (host.deaf) Object.assign(made, { deaf: true });
        store.add(kind, made, { token, fingerprint });
        return { object: made, fresh: true };
      });
      return fresh && kind === 'hosts' ? ((await startHost(object.id)) as CloudObject<K>) : object;
    },
    /** Changes in place; a host reboots for a new size, volume or address. */
    async change<K extends Kind>(kind: K, id: string, change: Change<K>): Promise<CloudObject<K>> {
      const object = need(kind, id);
      if ('sizeGib' in change && change.sizeGib !== undefined && change.sizeGib < (object as Volume).sizeGib) {
        throw new CloudRefusal('volume_shrinks', 'a volume only grows');
      }
      if (kind === 'hosts') return (await changeHost(id, change)) as CloudObject<K>;
      store.put(kind, { ...object, ...change } as CloudObject<K>);
      return need(kind, id);
    },
    async remove(kind: Kind, id: string): Promise<void> {
      if (kind === 'hosts') {
        const host = need('hosts', id);
        store.put('hosts', { ...host, desired: 'stopped' });
        await processes.stop(id);
        detach(id, host.volumeId);
        rmSync(processes.hostFolder(id), { recursive: true, force: true });
      }
      if (kind === 'volumes') {
        const volume = need('volumes', id);
        if (volume.attachedTo) throw new CloudRefusal('in_use', `volume ${id} is attached to ${volume.attachedTo}`);
        rmSync(volumeFolder(id), { recursive: true, force: true });
      }
      if (kind === 'addresses') {
        const address: Address = need('addresses', id);
        if (store.list('hosts').some((host) => host.addressId === id)) {
          throw new CloudRefusal('in_use', `address ${id} belongs to a host`);
        }
        promisedPorts.delete(portOf(address.address));
      }
      need(kind, id);
      store.remove(id);
    },
    list<K extends Kind>(kind: K, filter: { tag?: readonly [string, string]; name?: string }): CloudObject<K>[] {
      const { listingDelayMs } = options.rules();
      return store.list(kind, listingDelayMs > 0 ? { ...filter, until: now() - listingDelayMs } : filter);
    },
    /** Boots every host that should run, as a cloud does after its own failure. */
    async resume(): Promise<void> {
      for (const volume of store.list('volumes')) {
        const host = volume.attachedTo ? store.find('hosts', volume.attachedTo) : null;
        if (volume.attachedTo && !host) store.put('volumes', { ...volume, attachedTo: null });
      }
      const hosts = store.list('hosts').filter((host) => host.desired === 'running');
      await Promise.all(hosts.map(boot).map((booting) => booting && processes.resume(booting)));
    },
  };
}

export type Objects = ReturnType<typeof createObjects>;

function portOf(address: string): number {
  return Number(address.split(':')[1]);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
