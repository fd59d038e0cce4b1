import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import mongoose from 'mongoose';

/** A command on the connection to the database. */
export interface DatabaseCommand {
  name: string;
  collection: string;
  /** The whole command, with the document sequences of a message as arrays. */
  body: Record<string, unknown>;
}

/**
 * Hooks around a command. `cut` closes the connection: before it, the database never gets the command; after it, the
 * database has executed it and nobody gets the answer.
 */
export interface DatabaseHooks {
  before?(command: DatabaseCommand): Promise<'cut' | undefined>;
  after?(command: DatabaseCommand): Promise<'cut' | undefined>;
}

const writing = new Set(['insert', 'update', 'delete', 'findAndModify']);
export const isWrite = ({ name }: DatabaseCommand) => writing.has(name);

/**
 * A proxy in front of the database for one licence server: it sees every command and can hold it, drop it, or withhold
 * its answer. The server does not know it.
 */
export async function startDatabaseProxy(databaseUri: string) {
  const target = new URL(databaseUri);
  if (target.protocol !== 'mongodb:' || target.searchParams.get('tls') === 'true') {
    throw new Error('The proxy speaks to a database without TLS and by mongodb:// only.');
  }
  let hooks: DatabaseHooks = {};
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const database = connect(Number(target.port || 27017), target.hostname);
    const cut = () => {
      client.destroy();
      database.destroy();
    };
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on('error', cut);
      socket.on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    // The driver sends one command at a time on a connection and waits for its answer.
    let asked: DatabaseCommand | null = null;
    forEachMessage(client, async (message) => {
      asked = commandOf(message);
      if (asked !== null && (await hooks.before?.(asked)) === 'cut') return cut();
      database.write(message);
    });
    forEachMessage(database, async (message) => {
      const answered = asked;
      asked = null;
      if (answered !== null && (await hooks.after?.(answered)) === 'cut') return cut();
      client.write(message);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const uri = new URL(databaseUri);
  uri.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  uri.searchParams.set('directConnection', 'true');
  return {
    uri: uri.href,
    /** From now on these hooks apply to every command; `{}` for none. */
    hook(next: DatabaseHooks) {
      hooks = next;
    },
    async stop(): Promise<void> {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

export type DatabaseProxy = Awaited<ReturnType<typeof startDatabaseProxy>>;

/** Calls `use` with one wire message after the other, each when the previous one is finished. */
function forEachMessage(socket: Socket, use: (message: Buffer) => Promise<void>): void {
  let rest: Buffer = Buffer.alloc(0);
  let last: Promise<void> = Promise.resolve();
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const message = rest.subarray(0, rest.readInt32LE(0));
      rest = rest.subarray(message.length);
      last = last.then(() => use(message)).catch((error: unknown) => void socket.destroy(error as Error));
    }
  });
}

const opMessage = 2013;

/** The command of an OP_MSG about a collection; null for everything else, such as hello and ping. */
function commandOf(message: Buffer): DatabaseCommand | null {
  if (message.readInt32LE(12) !== opMessage) return null;
  const hasChecksum = (message.readUInt32LE(16) & 1) === 1;
  const end = message.length - (hasChecksum ? 4 : 0);
  const body: Record<string, unknown> = {};
  for (let at = 20; at < end; ) {
    const kind = message.readUInt8(at);
    const length = message.readInt32LE(at + 1);
    const section = message.subarray(at + 1, at + 1 + length);
    if (kind === 0) Object.assign(body, deserialize(section));
    else Object.assign(body, sequenceOf(section));
    at += 1 + length;
  }
  const [name] = Object.keys(body);
  if (name === undefined || typeof body[name] !== 'string') return null;
  return { name, collection: body[name] as string, body };
}

function sequenceOf(section: Buffer): Record<string, unknown> {
  const nameEnd = section.indexOf(0, 4);
  const documents = [];
  for (let at = nameEnd + 1; at < section.length; at += section.readInt32LE(at)) {
    documents.push(deserialize(section.subarray(at, at + section.readInt32LE(at))));
  }
  return { [section.toString('utf8', 4, nameEnd)]: documents };
}

function deserialize(bytes: Buffer): Record<string, unknown> {
  return mongoose.mongo.BSON.deserialize(bytes);
}
