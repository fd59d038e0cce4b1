import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ActivationAnswer, CheckAnswer } from '../protocol/answers.ts';
import type { LicenceCode } from '../protocol/codes.ts';
import type { LicenceProblem } from '../protocol/problem.ts';
import { WireNode } from '../protocol/requests.ts';
import { LicenceKeys, type Limits, type VerdictClaims } from '../protocol/verdict.ts';
import { grantOfWire } from '../protocol/wire-names.ts';
import type { Failure } from './grace.ts';
import type { NodeState } from './state-file.ts';
import type { Exchange, Transport } from './transport.ts';
import { learnedKeys, trustedKeys } from './trust.ts';
import type { LicenceClientOptions } from './types.ts';
import { allowedUsage } from './usage.ts';
import { type Expected, verifyVerdict } from './verify.ts';

/** The outcome of one attempt. */
export type Outcome =
  | { kind: 'good'; claims: VerdictClaims }
  /** A licence file that fits; the clock rules decide whether it has expired. */
  | { kind: 'file'; claims: VerdictClaims }
  | { kind: 'locked'; claims: VerdictClaims }
  | { kind: 'failed'; failure: Failure; retryAfterMs: number };

export interface NodeLicenceOptions
  extends Pick<
    LicenceClientOptions,
    'product' | 'version' | 'mode' | 'node' | 'enrollmentToken' | 'licenseKey' | 'publicKeys' | 'usage'
  > {
  issuer: string;
  bootId: string;
  transport: Transport;
  log: NonNullable<LicenceClientOptions['log']>;
  now(): number;
  state(): NodeState;
  /** Writes the state, then makes it current. Throws if it cannot be written. */
  save(change: Partial<NodeState>): Promise<void>;
}

const keysPath = '/.well-known/license-keys.json';
const dayMs = 86_400_000;

/** The node's side of the protocol: activate, check, recover, release. Each persists before it sends. */
export function createNodeLicence(options: NodeLicenceOptions) {
  const { transport, state, save } = options;
  const expected = { issuer: options.issuer, product: options.product };
  /** Of the last good verdict. */
  let limits: Limits = {};
  /** The kid of the last good verdict. */
  let signer: string | null = null;
  /** Null if the product was installed without keys. */
  const installed = options.publicKeys?.keys.length ? options.publicKeys : null;

  async function fetchKeys(): Promise<void> {
    const answer = await transport.get(keysPath, LicenceKeys);
    if (answer.kind !== 'answer') return;
    await save({ keys: await learnedKeys(installed, state().keys, answer.value), keysFetchedAt: options.now() });
  }

  /** A signed time is true, whatever the local clock says. */
  function markOf({ iat }: VerdictClaims): NodeState['mark'] {
    return { server: iat * 1000, local: options.now() };
  }

  async function saveGood({ claims, kid }: { claims: VerdictClaims; kid: string }, change: Partial<NodeState>) {
    await save({ ...change, requestId: null, lock: null, stopReported: false, mark: markOf(claims) });
    limits = claims.limits;
    signer = kid;
  }

  /**
   * Verifies. Fetches the server's keys first if the signing key is unknown or another one than before, which may have
   * been revoked, and once a day.
   */
  async function verify(jws: string, fresh: NonNullable<Expected['fresh']>) {
    const first = await verifyVerdict(jws, await trustedKeys(installed, state().keys), { ...expected, fresh });
    const isNews = first.ok ? first.kid !== signer : first.unknownKey;
    const isDue = first.ok && options.now() - state().keysFetchedAt > dayMs;
    if (!isNews && !isDue) return first;
    await fetchKeys();
    return verifyVerdict(jws, await trustedKeys(installed, state().keys), { ...expected, fresh });
  }

  /** Only the members that the protocol defines are sent. */
  function node(): WireNode {
    return WireNode.parse({ ...options.node, name: state().nodeName });
  }

  async function usage(): Promise<Record<string, number> | undefined> {
    try {
      return allowedUsage(await options.usage?.(), limits);
    } catch (error) {
      options.log({
        level: 'error',
        message: 'the usage counters could not be read',
        detail: { error: String(error) },
      });
      return undefined;
    }
  }

  function proof(): { enrollmentToken: string } | { licenseKey: string } | null {
    if (options.enrollmentToken !== undefined) return { enrollmentToken: options.enrollmentToken };
    return options.licenseKey === undefined ? null : { licenseKey: options.licenseKey };
  }

  /** Whether the node was given an enrolment token other than the one it used. */
  function hasNewToken(): boolean {
    return options.enrollmentToken !== undefined && hashOf(options.enrollmentToken) !== state().proofHash;
  }

  async function activate(): Promise<Outcome> {
    const given = proof();
    if (given === null) return failed('NOT_ENROLLED');
    const proofHash = hashOf('licenseKey' in given ? given.licenseKey : given.enrollmentToken);
    await save({ proofHash, attemptedAt: options.now() });
    const { chosenId } = state();
    const nonce = newNonce();
    const { product, version, bootId, mode = 'production' } = options;
    const byKey = 'licenseKey' in given;
    const asked = { ...given, activationId: chosenId, product, version, node: node(), bootId, nonce };
    const body = byKey ? { ...asked, mode } : asked;
    const path = byKey ? '/v1/activations' : '/v1/enrollments/redeem';
    const exchange = await transport.post(path, body, ActivationAnswer);
    if (exchange.kind !== 'answer') {
      const code = exchange.kind === 'problem' ? exchange.problem.code : null;
      if (byKey && code === 'ALREADY_ACTIVATED') await save({ chosenId: randomUUID() });
      // Other hosts use the same id: this one becomes a separate node if a seat is free.
      if (byKey && code === 'CLONE_SUSPECTED') await save({ chosenId: randomUUID(), nodeName: copyName() });
      return unanswered(exchange);
    }
    const grant = grantOfWire(exchange.value);
    const fresh = { activationId: grant.activationId, requestId: chosenId, nonce, now: options.now() };
    const verified = await verify(grant.verdict, fresh);
    if (!verified.ok) return failed('INVALID_VERDICT', verified.why);
    const { activationId, secret, verdict } = grant;
    await saveGood(verified, { activationId, secret, verdict });
    return { kind: 'good', claims: verified.claims };
  }

  async function check(): Promise<Outcome> {
    const requestId = state().requestId ?? randomUUID();
    const counted = await usage();
    await save({ requestId, attemptedAt: options.now() });
    const { activationId, secret } = state() as { activationId: string; secret: string };
    const nonce = newNonce();
    const { bootId, version } = options;
    const clientTime = new Date(options.now()).toISOString();
    const body = { secret, requestId, bootId, version, clientTime, nonce, ...(counted && { usage: counted }) };
    const exchange = await transport.post(`/v1/instances/${activationId}/check`, body, CheckAnswer);
    const fresh = { activationId, requestId, nonce, now: options.now() };
    if (exchange.kind === 'answer') return accept(exchange.value, fresh);
    if (exchange.kind === 'unreached') return unanswered(exchange);
    const outcome = await refused(exchange.problem, exchange.retryAfterMs, fresh);
    return resolveRefusal(exchange.problem.code, outcome);
  }

  async function accept(answer: CheckAnswer, fresh: NonNullable<Expected['fresh']>): Promise<Outcome> {
    const verified = await verify(answer.license, fresh);
    if (!verified.ok || verified.claims.refusal !== undefined) {
      return failed('INVALID_VERDICT', verified.ok ? 'REFUSAL' : verified.why);
    }
    const { secret, license: verdict } = answer;
    await saveGood(verified, { secret, verdict });
    return { kind: 'good', claims: verified.claims };
  }

  async function refused(
    problem: LicenceProblem,
    retryAfterMs: number,
    fresh: NonNullable<Expected['fresh']>,
  ): Promise<Outcome> {
    if (problem.verdict === undefined) return unanswered({ kind: 'problem', problem, retryAfterMs });
    const verified = await verify(problem.verdict, fresh);
    if (!verified.ok || verified.claims.refusal === undefined) {
      return failed('INVALID_VERDICT', verified.ok ? 'NO_REFUSAL' : verified.why);
    }
    await save({ lock: problem.verdict, mark: markOf(verified.claims) });
    return { kind: 'locked', claims: verified.claims };
  }

  /** Tries what the node itself can do about a refusal; if that fails, the refusal applies. */
  async function resolveRefusal(code: LicenceCode, refusal: Outcome): Promise<Outcome> {
    const resolved = await tryToResolve(code, refusal);
    return resolved?.kind === 'good' ? resolved : refusal;
  }

  async function tryToResolve(code: LicenceCode, refusal: Outcome): Promise<Outcome | null> {
    const copied = code === 'STALE_SECRET' || code === 'CLONE_SUSPECTED';
    if (hasNewToken()) {
      if (copied || code === 'INVALID_SECRET') return recover();
      if (code === 'INSTANCE_NOT_ACTIVE' || code === 'INSTANCE_NOT_FOUND') return activateAgain(options.node.name);
    }
    if (refusal.kind !== 'locked' || options.licenseKey === undefined) return null;
    // A copy becomes a separate node if a seat is free; under the same name it would take the original's seat.
    if (copied) return activateAgain(copyName());
    return refusal.claims.refusal?.cause === 'expired' ? activateAgain(state().nodeName) : null;
  }

  function copyName(): string {
    return `${options.node.name}~${randomBytes(3).toString('hex')}`;
  }

  /** Activates under a new id; restores the old state if that is refused. */
  async function activateAgain(nodeName: string): Promise<Outcome> {
    const { chosenId, nodeName: oldName, proofHash } = state();
    await save({ chosenId: randomUUID(), nodeName });
    const outcome = await activate();
    if (outcome.kind === 'good') return check();
    await save({ chosenId, nodeName: oldName, proofHash });
    return outcome;
  }

  async function recover(): Promise<Outcome> {
    const given = proof();
    if (given === null) return failed('NOT_ENROLLED');
    const { activationId } = state();
    if (activationId === null) return activate();
    const requestId = state().requestId ?? randomUUID();
    await save({ requestId });
    const nonce = newNonce();
    const body = { ...given, requestId, node: node(), bootId: options.bootId, nonce };
    const exchange = await transport.post(`/v1/instances/${activationId}/recover`, body, CheckAnswer);
    if (exchange.kind !== 'answer') return unanswered(exchange);
    const outcome = await accept(exchange.value, { activationId, requestId, nonce, now: options.now() });
    if (outcome.kind === 'good') {
      await save({ proofHash: hashOf('licenseKey' in given ? given.licenseKey : given.enrollmentToken) });
    }
    return outcome;
  }

  return {
    /** Activates if that was not done yet, and checks. */
    async attempt(): Promise<Outcome> {
      if (state().activationId === null) {
        const outcome = await activate();
        if (outcome.kind !== 'good') return outcome;
      }
      return check();
    },
    recover,
    /** The keys that may have signed a licence file: those of the installation, without revoked ones. */
    fileKeys: (): Promise<LicenceKeys> =>
      trustedKeys(installed ?? { keys: [] }, { keys: [], revocations: state().keys.revocations ?? [] }),
    /** Releases the seat; true if the server confirmed it. The node's next activation has a new id. */
    async release(): Promise<boolean> {
      const { activationId, secret } = state();
      if (activationId === null) return true;
      // As in a check: if its answer was lost, the stored id shows that this is not a copy.
      const body = { secret, requestId: state().requestId ?? randomUUID(), bootId: options.bootId };
      const exchange = await transport.post(`/v1/instances/${activationId}/release`, body, z.undefined());
      if (exchange.kind !== 'answer') return false;
      const cleared = { activationId: null, secret: null, requestId: null, verdict: null, lock: null };
      await save({ ...cleared, chosenId: randomUUID(), nodeName: options.node.name });
      return true;
    },
    /** The stored verdicts whose signatures verify. */
    async remembered(): Promise<{ verdict: VerdictClaims | null; lock: VerdictClaims | null }> {
      const keys = await trustedKeys(installed, state().keys);
      const read = async (jws: string | null) => {
        const verified = jws === null ? null : await verifyVerdict(jws, keys, expected);
        return verified?.ok ? verified : null;
      };
      const [verdict, lock] = [await read(state().verdict), await read(state().lock)];
      limits = verdict?.claims.limits ?? {};
      signer = verdict?.kid ?? null;
      return { verdict: verdict?.claims ?? null, lock: lock?.claims ?? null };
    },
  };
}

function failed(code: LicenceCode, why?: string): Outcome {
  const text = why === undefined ? undefined : `An answer of the licence server was not accepted (${why}).`;
  return { kind: 'failed', failure: { code, text }, retryAfterMs: 0 };
}

function unanswered(exchange: Exclude<Exchange<unknown>, { kind: 'answer' }>): Outcome {
  const { retryAfterMs } = exchange;
  if (exchange.kind === 'unreached') {
    return { kind: 'failed', failure: { code: exchange.code, text: exchange.text }, retryAfterMs };
  }
  return { kind: 'failed', failure: { code: exchange.problem.code, text: exchange.problem.detail }, retryAfterMs };
}

function newNonce(): string {
  return randomBytes(16).toString('base64url');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
