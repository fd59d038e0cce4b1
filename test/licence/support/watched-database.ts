import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Commands with which a driver maintains its connection. */
const housekeeping = new Set(['hello', 'isMaster', 'ismaster', 'ping', 'endSessions', 'buildInfo']);

/** A proxy between a server and its database that records every command, by name and collection. */
export async function watchDatabase(uri: string) {
  const target = new URL(uri);
  const commands: string[] = [];
  const open = new Set<Socket>();
  const proxy = createServer((client) => {
    const database = connect(Number(target.port || 27_017), target.hostname);
    for (const socket of [client, database]) {
      open.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
    }
    const read = messageReader((command) => {
      if (!housekeeping.has(command.split(' ')[0] as string)) commands.push(command);
    });
    client.on('data', read);
    client.pipe(database).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const watched = new URL(uri);
  watched.hostname = '127.0.0.1';
  watched.port = String((proxy.address() as AddressInfo).port);
  return {
    uri: watched.href,
    /** The commands that were sent while this ran. */
    async during(what: () => Promise<unknown>): Promise<string[]> {
      const before = commands.length;
      await what();
      return commands.slice(before);
    },
    stop() {
      proxy.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Reads MongoDB's OP_MSG from a stream: length, ids, opcode, flags, kind 0, then a document whose first member is the command. */
function messageReader(found: (command: string) => void) {
  let rest = Buffer.alloc(0);
  return (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const message = rest.subarray(0, rest.readInt32LE(0));
      rest = rest.subarray(message.length);
      if (message.readInt32LE(12) !== 2013 || message[20] !== 0) continue;
      const isText = message[25] === 2;
      const name = message.toString('utf8', 26, message.indexOf(0, 26));
      const value = 26 + name.length + 1 + 4;
      found(isText ? `${name} ${message.toString('utf8', value, message.indexOf(0, value))}` : name);
    }
  };
}
