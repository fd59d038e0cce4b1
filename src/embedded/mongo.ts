import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import type { StateFolder } from './state-folder.ts';

/** Where the records are stored: on an external server, or on one started here. */
export type DatabaseChoice =
  | { kind: 'given'; title: string; uri: string }
  | { kind: 'mongod' | 'secantusdb'; title: string; binary: string; folder: string };

/** No database is available. */
export class NoDatabaseError extends Error {
  override readonly name = 'NoDatabaseError';
}

/**
 * The first available one: `MONGODB_URI`; a `mongod` by `MONGOD_BINARY` or on PATH; SecantusDB, which speaks the same
 * protocol, by `SECANTUSD_BINARY`. A folder with data of one of them keeps using it, because the files differ.
 */
export function chooseDatabase(folder: StateFolder, env: NodeJS.ProcessEnv = process.env): DatabaseChoice {
  if (env.MONGODB_URI) return { kind: 'given', title: 'MongoDB by MONGODB_URI', uri: env.MONGODB_URI };
  const binaries = {
    mongod: env.MONGOD_BINARY || onPath('mongod', env.PATH),
    secantusdb: env.SECANTUSD_BINARY || env.SECANTUSD,
  };
  const titles = { mongod: 'MongoDB', secantusdb: 'MongoDB protocol by SecantusDB' };
  const kinds = ['mongod', 'secantusdb'] as const;
  const dataOf = (kind: (typeof kinds)[number]) => folder.path('mongo', kind);
  const begun = kinds.find((kind) => existsSync(dataOf(kind)));
  const kind = begun ?? kinds.find((candidate) => binaries[candidate]);
  const binary = kind && binaries[kind];
  if (!kind || !binary) {
    const need = begun
      ? `${folder.root} has data of ${titles[begun]}, but its program is missing`
      : 'No database was found';
    throw new NoDatabaseError(`${need}: set MONGODB_URI, MONGOD_BINARY or SECANTUSD_BINARY, or run the set-up.`);
  }
  return { kind, title: titles[kind], binary, folder: dataOf(kind) };
}

/** Arguments of the server that is started here. */
export function databaseArguments(choice: { kind: 'mongod' | 'secantusdb'; folder: string }, port: number): string[] {
  if (choice.kind === 'mongod') {
    const listen = ['--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket'];
    return ['--dbpath', choice.folder, ...listen, '--quiet'];
  }
  return [
    ...['--host', '127.0.0.1', '--port', String(port), '--storage-path', choice.folder, '--cache-size', '256M'],
    // Without the first, acknowledged writes are lost at kill -9; without the second its log takes 2.1 GB.
    ...['--sync-on-commit', '--log-file-max', '128MB', '--log-level', 'WARNING'],
  ];
}

/** The address of one database on the chosen server. */
export function databaseUri(choice: DatabaseChoice, port: number, name: string): string {
  if (choice.kind !== 'given') return `mongodb://127.0.0.1:${port}/${name}?directConnection=true`;
  // Not by URL, which cannot parse an address with several hosts.
  const parts = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/([^?]*))?(\?.*)?$/.exec(choice.uri);
  if (!parts) throw new NoDatabaseError('MONGODB_URI is not a MongoDB address.');
  const [, server, database = '', options = ''] = parts;
  // Our own database is the one in the address; the others are named after it.
  const own = database || 'freehold';
  return `${server}/${name === 'freehold' ? own : name.replace(/^freehold/, own)}${options}`;
}

/** Whether something accepts connections on a loopback port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

function onPath(program: string, path = ''): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((candidate) => existsSync(candidate));
}
