import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { now, today } from '../../contracts/clock.ts';
import type { Address, Change, CloudObject, Create, Host, Kind, Rules, Volume } from '../../stacks/local/cloud-api.ts';
import type { HostProcesses, Images } from './host-processes.ts';
import type { ObjectStore } from './object-store.ts';
import { regions } from './offer.ts';
import { CloudRefusal } from './problem.ts';

/** A host as it is stored; a deaf one runs a process that answers nothing (the fault `never-healthy`) until it is stopped. */
export type StoredHost = Host & { deaf?: true };

/** Ports of reserved addresses lie below the range from which systems take ports of outgoing connections. */
const firstPort = 20_000;
const lastPort = 31_999;

const prefixes: Record<Kind, string> = { addresses: 'addr', volumes: 'vol', records: 'rec', hosts: 'host' };
const deafCommand = [process.execPath, '-e', 'setInterval(() => {}, 2 ** 30)'];

/** The cloud's objects: what may be created, changed and deleted, and what each of that does. */
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
    createdAt: today().toISOString(),
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
      const volume = need('volumes', input.volumeId);
      const address = need('addresses', input.addressId);
      if (volume.attachedTo)
        throw new CloudRefusal('in_use', `volume ${volume.id} is attached to ${volume.attachedTo}`);
      if (volume.zone !== input.zone)
        throw new CloudRefusal('unknown_zone', `volume ${volume.id} is in ${volume.zone}`);
      if (store.list('hosts').some((host) => host.addressId === address.id)) {
        throw new CloudRefusal('in_use', `address ${address.id} belongs to another host`);
      }
      const { name: _name, tags: _tags, token: _token, userData, ...machine } = input;
      const host: Host = {
        ...base('hosts', input),
        ...machine,
        address: address.address,
        desired: 'running',
        state: 'stopped',
        pid: null,
        restarts: 0,
      };
      mkdirSync(processes.hostFolder(host.id), { recursive: true, mode: 0o700 });
      writeFileSync(processes.contractFile(host.id), userData, { mode: 0o600 });
      store.put('volumes', { ...volume, attachedTo: host.id });
      return host;
    },
  };

  /** Loopback ports stay the address's own for good, so a new one must be neither promised nor listened on. */
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

  /** Creates look before they write, so no two of them may overlap. */
  function oneAfterTheOther<T>(work: () => Promise<T>): Promise<T> {
    const turn = lastCreate.then(work, work);
    lastCreate = turn.catch(() => undefined);
    return turn;
  }

  function boot(host: StoredHost) {
    const image = images[host.image];
    if (!image) throw new CloudRefusal('unknown_image', `no image ${host.image}`);
    return {
      id: host.id,
      image: host.deaf ? { command: deafCommand } : image,
      dataFolder: volumeFolder(host.volumeId),
      port: portOf(host.address),
    };
  }

  async function startHost(id: string): Promise<Host> {
    const host = need('hosts', id);
    store.put('hosts', { ...host, desired: 'running' });
    await processes.start(boot(host));
    return need('hosts', id);
  }

  async function stopHost(id: string): Promise<Host> {
    const { deaf: _mended, ...host }: StoredHost = need('hosts', id);
    store.put('hosts', { ...host, desired: 'stopped' });
    await processes.stop(id);
    return need('hosts', id);
  }

  return {
    startHost,
    stopHost,
    need,
    /** Creates, or answers with what an earlier create with this token made. */
    async create<K extends Kind>(kind: K, input: Create<K>, wish: { deaf?: boolean }): Promise<CloudObject<K>> {
      const token = options.rules().createTokens ? input.token : null;
      const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('hex');
      const { object, fresh } = await oneAfterTheOther(async () => {
        const earlier = token === null ? null : store.findByToken(kind, token);
        if (earlier && earlier.fingerprint !== fingerprint) {
          throw new CloudRefusal('token_reused', 'the token was used with other parameters');
        }
        if (earlier) return { object: earlier.object, fresh: false };
        const made = await makers[kind](input);
        if (wish.deaf) Object.assign(made, { deaf: true });
        store.add(kind, made, { token, fingerprint });
        return { object: made, fresh: true };
      });
      return fresh && kind === 'hosts' ? ((await startHost(object.id)) as CloudObject<K>) : object;
    },
    /** Changes in place; a new size means that the host boots again. */
    async change<K extends Kind>(kind: K, id: string, change: Change<K>): Promise<CloudObject<K>> {
      const object = need(kind, id);
      if ('sizeGib' in change && change.sizeGib !== undefined && change.sizeGib < (object as Volume).sizeGib) {
        throw new CloudRefusal('volume_shrinks', 'a volume only grows');
      }
      const size = 'size' in change ? change.size : undefined;
      if (size !== undefined) checkPlace({ region: (object as Host).region, size });
      const wasRunning = kind === 'hosts' && (object as Host).desired === 'running';
      const resizes = size !== undefined && size !== (object as Host).size;
      if (resizes && wasRunning) await processes.stop(id);
      store.put(kind, { ...need(kind, id), ...change } as CloudObject<K>);
      if (resizes && wasRunning) await startHost(id);
      return need(kind, id);
    },
    async remove(kind: Kind, id: string): Promise<void> {
      if (kind === 'hosts') {
        const host = need('hosts', id);
        store.put('hosts', { ...host, desired: 'stopped' });
        await processes.stop(id);
        const volume = store.find('volumes', host.volumeId);
        if (volume?.attachedTo === id) store.put('volumes', { ...volume, attachedTo: null });
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
    /** Brings up what should run, as a cloud does after a failure of its own. */
    async resume(): Promise<void> {
      for (const volume of store.list('volumes')) {
        const host = volume.attachedTo ? store.find('hosts', volume.attachedTo) : null;
        if (volume.attachedTo && !host) store.put('volumes', { ...volume, attachedTo: null });
      }
      const hosts = store.list('hosts').filter((host) => host.desired === 'running');
      await Promise.all(hosts.map((host) => processes.resume(boot(host))));
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
