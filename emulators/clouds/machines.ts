import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HostContract } from '../../src/contracts/host-contract.ts';
import type { Log } from '../../src/runtime/log.ts';
import { readUserData } from '../../src/stacks/cloud-init/read-user-data.ts';
import type { HostProcesses, Images } from '../cloud/host-processes.ts';
import type { ObjectArea } from './object-area.ts';
import type { CloudTable, MachineView } from './rule-table.ts';

/**
 * The machines of an emulated cloud as processes: a machine that is on, has its data volume and is reachable runs the
 * same host as a server of the small cloud, with the contract from its user data at its first boot.
 */

const contractPath = '/etc/freehold/contract.json';

/** The host contract in a machine's user data; null if there is none or it is unreadable. */
function contractIn(userData: string): HostContract | null {
  try {
    return HostContract.parse(JSON.parse(readUserData(userData).get(contractPath)?.content ?? ''));
  } catch {
    return null;
  }
}

interface Row {
  port: number;
  deaf: number;
  image: string | null;
}

/** How much of a console the clouds keep, characters. */
const consoleLength = 65_536;

const deafScript = 'console.log("freehold: volume-is-awaited"); setInterval(() => {}, 2 ** 30)';
const deafCommand = [process.execPath, '-e', deafScript];

export function createMachines(options: {
  table: CloudTable;
  area: ObjectArea;
  processes: HostProcesses;
  images: Images;
  /** The small cloud's data: contains `hosts/` and `volumes/`. */
  folder: string;
  file: string;
  reservePort(): Promise<number>;
  promisePort(port: number): void;
  log: Log;
}) {
  const { table, area, processes, images } = options;
  const db = new DatabaseSync(options.file);
  db.exec(`
    PRAGMA busy_timeout = 5000;
    CREATE TABLE IF NOT EXISTS machines (
      cloud TEXT NOT NULL, id TEXT NOT NULL, port INTEGER NOT NULL, deaf INTEGER NOT NULL, image TEXT,
      PRIMARY KEY (cloud, id)
    );
    CREATE TABLE IF NOT EXISTS turned_off (cloud TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (cloud, id));
  `);
  const select = db.prepare('SELECT port, deaf, image FROM machines WHERE cloud = ? AND id = ?');
  const selectAll = db.prepare('SELECT id, port FROM machines WHERE cloud = ?');
  const insert = db.prepare('INSERT INTO machines (cloud, id, port, deaf, image) VALUES (?, ?, ?, ?, ?)');
  const erase = db.prepare('DELETE FROM machines WHERE cloud = ? AND id = ?');
  const mend = db.prepare('UPDATE machines SET deaf = 0 WHERE cloud = ? AND id = ?');
  const selectOff = db.prepare('SELECT id FROM turned_off WHERE cloud = ? AND id = ?');
  const insertOff = db.prepare('INSERT OR IGNORE INTO turned_off (cloud, id) VALUES (?, ?)');
  const eraseOff = db.prepare('DELETE FROM turned_off WHERE cloud = ? AND id = ?');
  const isTurnedOff = (id: string) => selectOff.get(table.cloud, id) !== undefined;
  const known = () => selectAll.all(table.cloud) as unknown as { id: string; port: number }[];
  for (const { port } of known()) options.promisePort(port);

  /** Volume of each machine whose process is running. */
  const running = new Map<string, string>();
  const hostId = (id: string) =>
    `${table.cloud}-${/^[\w-]{1,64}$/.test(id) ? id : createHash('sha256').update(id).digest('hex').slice(0, 24)}`;
  const volumeFolder = (id: string) =>
    join(options.folder, 'volumes', /^[\w-]{1,64}$/.test(id) ? id : createHash('sha256').update(id).digest('hex'));

  /** A machine's first boot: writes down its contract, as cloud-init does, once. */
  async function install({ id, userData }: MachineView, isDeaf: boolean): Promise<void> {
    const contract = contractIn(userData);
    const image = contract ? `freehold-server:${contract.productVersion}` : null;
    if (!contract) options.log.warn({ machine: id }, 'user data without a host contract: no host runs in this machine');
    insert.run(table.cloud, id, await options.reservePort(), isDeaf ? 1 : 0, image);
    mkdirSync(processes.hostFolder(hostId(id)), { recursive: true, mode: 0o700 });
    writeFileSync(processes.contractFile(hostId(id)), JSON.stringify(contract), { mode: 0o600 });
  }

  function bootOf({ id, volumeId }: MachineView) {
    const row = select.get(table.cloud, id) as unknown as Row;
    const image = row.image === null ? undefined : images[row.image];
    if (!image || volumeId === null) return null;
    const dataFolder = volumeFolder(volumeId);
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    return { id: hostId(id), image: row.deaf ? { command: deafCommand } : image, dataFolder, port: row.port };
  }

  async function stop(id: string): Promise<void> {
    running.delete(id);
    await processes.stop(hostId(id));
  }

  let turn: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = turn.then(work, work);
    turn = next.catch(() => undefined);
    return next;
  }

  /** Brings the processes in line with the objects. `deaf`: a new machine whose host never answers. */
  function settle(how: { restart?: string; deaf?: string; resuming?: boolean } = {}): Promise<void> {
    return inTurn(async () => {
      const views = table.machines(area.world);
      for (const { id } of known()) {
        if (views.some((view) => view.id === id)) continue;
        await stop(id);
        rmSync(processes.hostFolder(hostId(id)), { recursive: true, force: true });
        erase.run(table.cloud, id);
        eraseOff.run(table.cloud, id);
      }
      const serves = (view: MachineView) => view.isOn && view.isReached && !isTurnedOff(view.id);
      const inOrder = views.map((view) => ({ view, volume: serves(view) ? view.volumeId : null }));
      // Who had a volume lets go of it before another one starts with it.
      for (const { view, volume } of inOrder) {
        if (!select.get(table.cloud, view.id)) await install(view, how.deaf === view.id);
        const current = running.get(view.id);
        if (current !== undefined && (current !== volume || how.restart === view.id)) await stop(view.id);
      }
      for (const { view, volume } of inOrder) {
        const boot = volume === null || running.has(view.id) ? null : bootOf(view);
        if (!boot) continue;
        running.set(view.id, volume!);
        await (how.resuming ? processes.resume(boot) : processes.start(boot));
      }
    });
  }

  /** Ends the process of a machine that serves and starts it again; one that never answered does so from then on. */
  function restart(id: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    return inTurn(async () => {
      const view = table.machines(area.world).find((each) => each.id === id);
      if (!view || !running.has(id)) return;
      mend.run(table.cloud, id);
      const boot = bootOf(view);
      if (boot) await processes.restart(boot, signal);
    });
  }

  return {
    settle,
    restart,
    isTurnedOff,
    /** Turns a machine on or off by the cloud's own interface, whatever its stack says. */
    turn(id: string, to: 'on' | 'off'): Promise<void> {
      (to === 'off' ? insertOff : eraseOff).run(table.cloud, id);
      return settle();
    },
    /** What the machine has printed on its console. */
    consoleOf(id: string): string {
      const file = processes.logFile(hostId(id));
      return existsSync(file) ? readFileSync(file, 'utf8').slice(-consoleLength) : '';
    },
    /** What the port of a machine's host is; null while none runs. */
    portOf(id: string): number | null {
      return running.has(id) ? (select.get(table.cloud, id) as unknown as Row).port : null;
    },
    /** Deletes the data of a removed volume. */
    eraseVolume(id: string): void {
      const folder = volumeFolder(id);
      if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
    },
    close: () => db.close(),
  };
}

export type Machines = ReturnType<typeof createMachines>;
