import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import {
  type Change,
  type CloudErrorCode,
  type CloudObject,
  CloudProblem,
  type Create,
  DnsAnswer,
  type Kind,
  objects,
  Snapshot,
  type SnapshotCreate,
} from './cloud-api.ts';

/** An error answer of the small cloud; `code` is one of its own error codes. */
export class CloudError extends Error {
  override readonly name = 'CloudError';
  readonly code: CloudErrorCode;

  constructor(code: CloudErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

export interface CloudClient {
  /** Creates the object, or returns the one that an earlier call with the same token created. */
  create<K extends Kind>(kind: K, input: Create<K>): Promise<CloudObject<K>>;
  get<K extends Kind>(kind: K, id: string): Promise<CloudObject<K> | null>;
  list<K extends Kind>(kind: K, filter?: { tag?: readonly [string, string]; name?: string }): Promise<CloudObject<K>[]>;
  update<K extends Kind>(kind: K, id: string, change: Change<K>): Promise<CloudObject<K>>;
  /** The address of a DNS name; null if it has no record. */
  answer(name: string): Promise<DnsAnswer | null>;
  /** Starts a host that is stopped or has died. */
  startHost(id: string): Promise<CloudObject<'hosts'>>;
  stopHost(id: string): Promise<CloudObject<'hosts'>>;
  /** Cuts a host's power and boots it again, once per token; null where there is no such host. */
  restartHost(id: string, token: string): Promise<CloudObject<'hosts'> | null>;
  /** The end of what a host has printed; null where there is no such host. */
  hostLog(id: string): Promise<string | null>;
  /** Deletes; an object that is gone already is a success. */
  remove(kind: Kind, id: string): Promise<void>;
  snapshots(): Promise<Snapshot[]>;
  /** Copies a volume at this moment; null if there is no such volume. */
  makeSnapshot(input: SnapshotCreate): Promise<Snapshot | null>;
  removeSnapshot(id: string): Promise<void>;
  close(): void;
}

const attempts = 3;
const pauseMs = 150;
const timeoutMs = 60_000;

/**
 * A client of the small cloud. Every call is safe to repeat (creates and restarts by their token), so a lost
 * connection and a 503 are retried twice; then it throws `CloudError` with `unavailable` or the cloud's own code.
 */
export function createCloudClient(options: { url: string; token: string }): CloudClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });

  function send(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const call = request(new URL(path, options.url), {
        method,
        agent,
        timeout: timeoutMs,
        headers: {
          authorization: `Bearer ${options.token}`,
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      });
      call.on('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      call.on('error', reject);
      call.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString('utf8');
          const isText = response.headers['content-type']?.startsWith('text/plain') ?? false;
          const read = () => (answer === '' ? undefined : JSON.parse(answer));
          try {
            resolve({ status: response.statusCode ?? 0, body: isText ? answer : read() });
          } catch (error) {
            reject(error);
          }
        });
      });
      call.end(text);
    });
  }

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      let failure: CloudError;
      try {
        const answer = await send(method, path, body);
        if (answer.status < 300) return answer.body;
        const problem = CloudProblem.safeParse(answer.body);
        if (!problem.success) throw new Error(`the cloud answered ${answer.status}`);
        failure = new CloudError(problem.data.code, problem.data.message);
      } catch (error) {
        failure = new CloudError('unavailable', error instanceof Error ? error.message : String(error));
      }
      if (failure.code !== 'unavailable' || attempt === attempts) throw failure;
      await delay(pauseMs * attempt);
    }
  }

  async function absentAsNull<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof CloudError && error.code === 'not_found') return null;
      throw error;
    }
  }

  function parse<K extends Kind>(kind: K, body: unknown): CloudObject<K> {
    return objects[kind].parse(body) as CloudObject<K>;
  }

  const path = (kind: Kind, id: string) => `/v1/${kind}/${encodeURIComponent(id)}`;

  return {
    async create(kind, input) {
      return parse(kind, await call('POST', `/v1/${kind}`, input));
    },
    async get(kind, id) {
      const body = await absentAsNull(call('GET', path(kind, id)));
      return body === null ? null : parse(kind, body);
    },
    async list(kind, filter = {}) {
      const query = new URLSearchParams();
      if (filter.tag) query.set('tag', filter.tag.join('='));
      if (filter.name) query.set('name', filter.name);
      const body = await call('GET', `/v1/${kind}?${query}`);
      return objects[kind].array().parse(body) as CloudObject<typeof kind>[];
    },
    async update(kind, id, change) {
      return parse(kind, await call('PATCH', path(kind, id), change));
    },
    async answer(name) {
      return absentAsNull(call('GET', `/v1/names/${encodeURIComponent(name)}`).then((body) => DnsAnswer.parse(body)));
    },
    async startHost(id) {
      return parse('hosts', await call('POST', `${path('hosts', id)}/start`));
    },
    async stopHost(id) {
      return parse('hosts', await call('POST', `${path('hosts', id)}/stop`));
    },
    async restartHost(id, token) {
      const body = await absentAsNull(call('POST', `${path('hosts', id)}/restart`, { token }));
      return body === null ? null : parse('hosts', body);
    },
    async hostLog(id) {
      const body = await absentAsNull(call('GET', `${path('hosts', id)}/log`));
      return body === null ? null : z.string().parse(body);
    },
    async remove(kind, id) {
      await absentAsNull(call('DELETE', path(kind, id)));
    },
    async snapshots() {
      return Snapshot.array().parse(await call('GET', '/v1/snapshots'));
    },
    async makeSnapshot(input) {
      return absentAsNull(call('POST', '/v1/snapshots', input).then((body) => Snapshot.parse(body)));
    },
    async removeSnapshot(id) {
      await absentAsNull(call('DELETE', `/v1/snapshots/${encodeURIComponent(id)}`));
    },
    close() {
      agent.destroy();
    },
  };
}
