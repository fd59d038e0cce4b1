import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../../src/licence/server/app.ts';
import { createContext } from '../../../src/licence/server/context.ts';
import { readSettings } from '../../../src/licence/server/settings.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { now } from './fixed.ts';
import type { Call, ServerKeysFile } from './shape.ts';

const adminToken = 'administrator-token-of-the-test-vectors';
const shownHeaders = ['Content-Type', 'Retry-After', 'Idempotent-Replay'];

/** The licence server in this process, with its default limits, on this database. */
export async function startRecordedServer(uri: string, keysFile: ServerKeysFile) {
  const LICENCE_KEYS = JSON.stringify(keysFile);
  const settings = readSettings({ LICENCE_MONGODB_URI: uri, LICENCE_ADMIN_TOKEN: adminToken, LICENCE_KEYS });
  const context = await createContext(settings, createLog('vectors'));
  const server = createServer(createApp(context)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function exchange(method: string, path: string, body?: unknown, headers = {}) {
    const response = await fetch(base + path, {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { response, text: await response.text() };
  }

  return {
    /** A node's call, recorded. */
    async call(id: string, about: string, request: Call['request']): Promise<Call> {
      const at = new Date(now()).toISOString();
      const { response, text } = await exchange(request.method, request.path, request.body);
      const headers = Object.fromEntries(
        shownHeaders.flatMap((name) =>
          response.headers.has(name) ? [[name, response.headers.get(name) as string]] : [],
        ),
      );
      const body = text === '' ? {} : { body: JSON.parse(text) as Record<string, unknown> };
      return { id, about, at, request, answer: { status: response.status, headers, ...body } };
    },
    /** A call of the control plane. */
    async admin<T>(method: string, path: string, body: unknown, headers = {}): Promise<T> {
      const authorized = { Authorization: `Bearer ${adminToken}`, ...headers };
      const { response, text } = await exchange(method, `/v1/admin${path}`, body, authorized);
      if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
      return JSON.parse(text) as T;
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await context.db.close();
    },
  };
}

export type RecordedServer = Awaited<ReturnType<typeof startRecordedServer>>;
