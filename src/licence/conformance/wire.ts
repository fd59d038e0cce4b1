import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ZodType } from 'zod';
import { machineClock } from '../client/clock.ts';
import type { LicenceFetch } from '../client/types.ts';
import { verifyVerdict } from '../client/verify.ts';
import { ActivationAnswer, CheckAnswer } from '../protocol/answers.ts';
import { type LicenceCode, licenceCodes } from '../protocol/codes.ts';
import { LicenceProblem } from '../protocol/problem.ts';
import { LicenceKeys, type VerdictClaims } from '../protocol/verdict.ts';
import { Finding, holds } from './finding.ts';

export interface Target {
  serverUrl: string;
  product: string;
  licenseKey: string;
  version: string;
  issuer: string;
  fetch: LicenceFetch;
}

export interface Reply {
  status: number;
  headers: Headers;
  /** Parsed JSON, otherwise undefined. */
  body: unknown;
  text: string;
}

/** What a node must keep from one request to the next. */
export interface WireNodeState {
  instanceId: string;
  secret: string;
  node: { name: string; fingerprint?: string };
  bootId: string;
  claims: VerdictClaims;
}

/** The longest wait that a limit may impose on a run; beyond that it fails. s */
const longestWaitSec = 60;
const requestMs = 30_000;

export const newId = () => randomUUID();
export const newSecret = () => randomBytes(32).toString('base64url');

/** Raw requests of the protocol, with the checks that every answer must pass. */
export function createWire(target: Target) {
  const base = target.serverUrl.replace(/\/+$/, '');

  async function send(method: string, path: string, body?: unknown): Promise<Reply> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await target.fetch(base + path, {
      ...{ method, redirect: 'manual', signal: AbortSignal.timeout(requestMs) },
      ...(text === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: text }),
    });
    const answered = await response.text();
    return { status: response.status, headers: response.headers, body: jsonOf(answered), text: answered };
  }

  /** Like `send`; repeats the request when a limit of the server asks for it, as every client does. */
  async function call(method: string, path: string, body?: unknown): Promise<Reply> {
    for (;;) {
      const reply = await send(method, path, body);
      if (reply.status !== 429) return reply;
      const seconds = Number(reply.headers.get('Retry-After'));
      holds(seconds > 0, 'A 429 says in Retry-After when to retry.');
      if (seconds > longestWaitSec) throw new Finding(`The server asks to retry in ${seconds} s: try later.`);
      await delay(seconds * 1000);
    }
  }

  async function keys(): Promise<LicenceKeys> {
    const reply = await call('GET', '/.well-known/license-keys.json');
    return fits(LicenceKeys, reply, 200, 'the public keys');
  }

  /** The claims of a verdict that is signed and answers this request. */
  async function claimsOf(
    jws: string,
    asked: { instanceId: string; requestId: string; nonce: string },
  ): Promise<VerdictClaims> {
    const { instanceId: activationId, requestId, nonce } = asked;
    const fresh = { activationId, requestId, nonce, now: machineClock.now() };
    const verified = await verifyVerdict(jws, await keys(), { issuer: target.issuer, product: target.product, fresh });
    holds(verified.ok, `A client must not accept the verdict (${verified.ok ? '' : verified.why}).`);
    return verified.claims;
  }

  function activation(node: WireNodeState['node'], activationId: string, more: Record<string, unknown> = {}) {
    const { licenseKey, product, version } = target;
    return call('POST', '/v1/activations', { licenseKey, activationId, product, version, node, ...more });
  }

  /** Takes a seat for a node of this name; `won` gets the seat before anything is checked. */
  async function activate(
    name: string,
    won: (seat: Pick<WireNodeState, 'instanceId' | 'secret'>) => void,
  ): Promise<WireNodeState & { activationId: string }> {
    const [activationId, nonce, bootId, node] = [newId(), newId(), newId(), { name }];
    const reply = await activation(node, activationId, { nonce, bootId });
    const { instanceId, secret, license } = fits(ActivationAnswer, reply, 201, 'an activation');
    const seat = { instanceId, secret };
    won(seat);
    const claims = await claimsOf(license, { instanceId, requestId: activationId, nonce });
    // The same object, so that its newest secret is known when the seat is released.
    return Object.assign(seat, { node, bootId, claims, activationId });
  }

  /** A raw check; does not change what the node stores. */
  function sendCheck(
    node: Pick<WireNodeState, 'instanceId' | 'secret' | 'bootId'>,
    more: Record<string, unknown> = {},
  ): Promise<Reply> {
    const { secret, bootId } = node;
    const body = { secret, requestId: newId(), bootId, version: target.version, nonce: newId(), ...more };
    return call('POST', `/v1/instances/${node.instanceId}/check`, body);
  }

  /** A check that must succeed; the node continues with the new secret. */
  async function check(
    node: WireNodeState,
    more: Record<string, unknown> = {},
  ): Promise<CheckAnswer & { claims: VerdictClaims; replay: boolean }> {
    const asked = { requestId: newId(), nonce: newId(), ...more };
    const reply = await sendCheck(node, asked);
    const answer = fits(CheckAnswer, reply, 200, 'a check');
    const claims = await claimsOf(answer.license, { instanceId: node.instanceId, ...asked });
    holds(claims.refusal === undefined, 'A successful check carries no refusal.');
    Object.assign(node, { secret: answer.secret, claims });
    return { ...answer, claims, replay: reply.headers.get('Idempotent-Replay') === 'true' };
  }

  /** A check that must be refused with this code, by a signed verdict if `signed`. */
  async function refusedCheck(
    node: Pick<WireNodeState, 'instanceId' | 'secret' | 'bootId'>,
    code: LicenceCode,
    { signed, ...more }: { signed: boolean; requestId?: string },
  ): Promise<void> {
    const asked = { requestId: newId(), nonce: newId(), ...more };
    const problem = refused(await sendCheck(node, asked), code);
    if (!signed) {
      holds(problem.verdict === undefined, `${code} is not signed: it must not lock a node.`);
      return;
    }
    holds(problem.verdict !== undefined, `${code} is signed: without a verdict no node locks.`);
    const claims = await claimsOf(problem.verdict, { instanceId: node.instanceId, ...asked });
    holds(claims.refusal?.code === code, `The verdict of ${code} says so in its claim refusal.`);
  }

  function release({ instanceId, secret }: Pick<WireNodeState, 'instanceId' | 'secret'>): Promise<Reply> {
    return call('POST', `/v1/instances/${instanceId}/release`, { secret });
  }

  return { target, send, call, keys, claimsOf, activation, activate, sendCheck, check, refusedCheck, release };
}

export type Wire = ReturnType<typeof createWire>;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Checked by the caller: undefined fits no schema.
    return undefined;
  }
}

/** The answer, parsed by its schema. */
export function fits<T>(schema: ZodType<T>, reply: Reply, status: number, what: string): T {
  const said = (reply.body as { code?: unknown } | undefined)?.code;
  const actual = `not ${reply.status}${typeof said === 'string' ? ` ${said}` : ''}`;
  holds(reply.status === status, `The answer to ${what} is ${status}, ${actual}.`);
  const parsed = schema.safeParse(reply.body);
  holds(parsed.success, `The answer to ${what} has the members that the protocol defines.`);
  return parsed.data;
}

/** The problem document of a refusal, with the number and status of its code. */
export function refused(reply: Reply, code: LicenceCode): LicenceProblem {
  const parsed = LicenceProblem.safeParse(reply.body);
  holds(parsed.success, `A refusal is a problem document (status ${reply.status} without one).`);
  const { num, status } = licenceCodes[code];
  holds(parsed.data.code === code, `The refusal is ${code}, not ${parsed.data.code}.`);
  holds(parsed.data.num === num && reply.status === status, `${code} has the number ${num} and the status ${status}.`);
  return parsed.data;
}
