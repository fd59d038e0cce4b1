import type { ZodType } from 'zod';
import type { LicenceCode } from '../protocol/codes.ts';
import { LicenceProblem } from '../protocol/problem.ts';
import type { LicenceFetch } from './types.ts';

/**
 * The outcome of a request.
 *
 * Anything that is neither an answer nor a problem of the licence protocol (a proxy's error page, a redirect, a broken
 * connection) means that the server was not reached, whatever its status.
 */
export type Exchange<T> =
  | { kind: 'answer'; value: T }
  | { kind: 'problem'; problem: LicenceProblem; retryAfterMs: number }
  | { kind: 'unreached'; code: LicenceCode; text: string; retryAfterMs: number };

export interface Transport {
  get<T>(path: string, schema: ZodType<T>): Promise<Exchange<T>>;
  post<T>(path: string, body: unknown, schema: ZodType<T>): Promise<Exchange<T>>;
}

/** Longer than any answer of the protocol, in bytes. */
const longestAnswer = 262_144;

export function createTransport(options: {
  serverUrl: string;
  fetch: LicenceFetch;
  timeoutMs: number;
  /** Wall clock, ms since the epoch. */
  now: () => number;
}): Transport {
  const base = options.serverUrl.replace(/\/+$/, '');

  async function exchange<T>(path: string, init: RequestInit, schema: ZodType<T>): Promise<Exchange<T>> {
    let response: Response;
    let text: string;
    try {
      const signal = AbortSignal.timeout(options.timeoutMs);
      response = await options.fetch(base + path, { ...init, signal, redirect: 'manual' });
      text = await readText(response);
    } catch (error) {
      return { kind: 'unreached', ...connectionFault(error), retryAfterMs: 0 };
    }
    const retryAfterMs = retryAfter(response.headers.get('Retry-After'), options.now());
    return read({ response, text, retryAfterMs }, schema);
  }

  return {
    get: (path, schema) => exchange(path, { method: 'GET' }, schema),
    post: (path, body, schema) =>
      exchange(
        path,
        { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) },
        schema,
      ),
  };
}

/** The body, up to the longest answer of the protocol: an endless page is cut off and fits no schema. */
async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (length > longestAnswer) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, longestAnswer);
}

function read<T>(
  { response, text, retryAfterMs }: { response: Response; text: string; retryAfterMs: number },
  schema: ZodType<T>,
): Exchange<T> {
  const json = text === '' ? undefined : jsonOf(text);
  if (response.ok) {
    const answer = schema.safeParse(json);
    if (answer.success) return { kind: 'answer', value: answer.data };
  } else {
    const problem = LicenceProblem.safeParse(json);
    if (problem.success) return { kind: 'problem', problem: problem.data, retryAfterMs };
  }
  const said = `Something other than the licence server answered with status ${response.status}.`;
  return { kind: 'unreached', code: 'CONNECTION_ERROR', text: said, retryAfterMs };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An HTML page fits no schema, which is the correct result.
    return undefined;
  }
}

/** Seconds or a date, as ms from now. */
function retryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : 0;
}

const certificateFaults = /^(?:ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|ERR_SSL_)/;

function connectionFault(error: unknown): { code: LicenceCode; text: string } {
  const code = causeCode(error);
  if (certificateFaults.test(code)) {
    return {
      code: 'INVALID_SERVER_CERTIFICATE',
      text: `The certificate of the licence server is not trusted (${code}); something may intercept the connection.`,
    };
  }
  const status = proxyStatus(error);
  if (status !== null) {
    const what = status === 407 ? 'asks for a user name and a password' : `refused with status ${status}`;
    return { code: 'CONNECTION_ERROR', text: `The proxy between this node and the licence server ${what}.` };
  }
  return { code: 'CONNECTION_ERROR', text: `The licence server cannot be reached (${code}).` };
}

/**
 * The status with which a proxy refused to connect; null if it was something else. undici reports it only in the
 * message.
 */
function proxyStatus(error: unknown): number | null {
  for (let at = error; typeof at === 'object' && at !== null; at = (at as { cause?: unknown }).cause) {
    const said = /^Proxy response \((\d{3})\)/.exec(String((at as { message?: unknown }).message));
    if (said !== null) return Number(said[1]);
  }
  return null;
}

/** Node's code of the innermost error that has one, for example ECONNREFUSED. */
function causeCode(error: unknown): string {
  let named = 'unknown';
  for (let at = error; typeof at === 'object' && at !== null; at = (at as { cause?: unknown }).cause) {
    const { code, name } = at as { code?: unknown; name?: unknown };
    if (typeof code === 'string') return code;
    if (typeof name === 'string') named = name;
  }
  return named;
}
