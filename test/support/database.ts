import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection } from 'mongoose';

export interface TestDatabase {
  /** URI of a separate database, empty at the start. */
  uri: string;
  /** Stops the server that was started for it, or drops the database if the server stays. */
  stop(): Promise<void>;
}

/**
 * A fresh database on a real server: MONGODB_URI if given (dropped by `stop`), otherwise a private server on a free
 * port with temporary data: `mongod` by MONGOD_BINARY, or SecantusDB by SECANTUSD_BINARY or SECANTUSD.
 */
export async function startDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  if (process.env.MONGODB_URI) {
    const uri = new URL(process.env.MONGODB_URI);
    uri.pathname = `/${name}`;
    return {
      uri: uri.href,
      async stop() {
        const connection = await createConnection(uri.href).asPromise();
        await connection.dropDatabase();
        await connection.close();
      },
    };
  }
  const folder = await mkdtemp(join(tmpdir(), 'freehold-db-'));
  const port = await freePort();
  const server = spawnServer(folder, port);
  const uri = `mongodb://127.0.0.1:${port}/${name}?directConnection=true`;
  const killed = () => server.kill('SIGKILL');
  process.once('exit', killed);
  const stop = async () => {
    process.off('exit', killed);
    if (server.exitCode === null && server.signalCode === null) {
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      const timeout = setTimeout(() => server.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timeout);
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilItAnswers(uri, server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { uri, stop };
}

function spawnServer(folder: string, port: number): ChildProcess {
  const mongod = process.env.MONGOD_BINARY;
  const secantusd = process.env.SECANTUSD_BINARY ?? process.env.SECANTUSD;
  if (mongod) {
    const flags = ['--dbpath', folder, '--port', String(port), '--bind_ip', '127.0.0.1', '--quiet'];
    return spawn(mongod, flags, { stdio: 'ignore' });
  }
  if (secantusd) {
    const flags = ['--host', '127.0.0.1', '--port', String(port), '--storage-path', folder, '--cache-size', '256M'];
    const safety = ['--log-file-max', '128MB', '--sync-on-commit', '--log-level', 'WARNING'];
    return spawn(secantusd, [...flags, ...safety], { stdio: 'ignore' });
  }
  throw new Error('No database for the tests: set MONGODB_URI, MONGOD_BINARY or SECANTUSD_BINARY.');
}

async function untilItAnswers(uri: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`The database server ended with code ${server.exitCode}.`);
    const connection = createConnection(uri, { serverSelectionTimeoutMS: 500 });
    try {
      await connection.asPromise();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(50);
    } finally {
      await connection.close();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port.');
  return address.port;
}
