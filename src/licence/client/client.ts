import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { defaultIssuer } from '../protocol/verdict.ts';
import { machineClock } from './clock.ts';
import { createFetch } from './fetch.ts';
import { fileTime, nextTurn, resume, type Situation, serverTime, snapshotOf } from './grace.ts';
import { createNodeLicence, type Outcome } from './node-licence.ts';
import { type OfflineFile, readOfflineFile } from './offline-file.ts';
import { requireUsable } from './options.ts';
import { countStart, intervalDelay, type RetryLimits, retryDelay, startDelay } from './schedule.ts';
import { type NodeState, newNodeState, readState, writeState } from './state-file.ts';
import { lockState } from './state-lock.ts';
import { createTransport } from './transport.ts';
import { type LicenceClient, LicenceClientError, type LicenceClientOptions, type LicenceSnapshot } from './types.ts';

const defaultIntervalMs = 3_600_000;

/**
 * The licence client that a product embeds: activates its node once, checks regularly, and reports at any moment what
 * the licence allows.
 *
 * Only a signed verdict, the end of the grace period or a clock that was set back locks; every other failure counts as
 * "server not reached". One successful check unlocks. New limits arrive with the next check, without a restart. Throws
 * INVALID_OPTIONS.
 */
export function createLicenceClient(options: LicenceClientOptions): LicenceClient {
  requireUsable(options);
  const clock = options.clock ?? machineClock;
  const log = options.log ?? (() => {});
  const issuer = options.issuer ?? defaultIssuer;
  const at = () => ({ now: clock.now(), monotonic: clock.monotonic() });

  let state: NodeState = newNodeState(options.product, options.node.name, clock.now());
  let situation: Situation = {
    verdict: null,
    lock: null,
    rolledBack: false,
    anchor: resume(state.mark, at()).anchor,
    failure: null,
    activationId: null,
    nextCheckAt: null,
    offline: false,
  };
  let snapshot: LicenceSnapshot = snapshotOf(situation, at());
  let unlock: (() => void) | null = null;
  let inFlight: Promise<LicenceSnapshot> | null = null;
  let failures = 0;
  let cancelCheck = () => {};
  let cancelTurn = () => {};
  const listeners = new Set<(snapshot: LicenceSnapshot) => void>();
  const stopListeners = new Set<() => void>();
  let confirming = false;
  let saving: Promise<void> = Promise.resolve();

  /** Serialises writes, each on top of the previous one. */
  function save(change: Partial<NodeState>): Promise<void> {
    const saved = saving.then(() => saveNext(change));
    // The caller of this change gets its error; the next change is attempted anyway.
    saving = saved.catch(() => {});
    return saved;
  }

  async function saveNext(change: Partial<NodeState>): Promise<void> {
    // While the clock counts as set back, the old mark stays, so that another restart detects it again.
    const mark = situation.rolledBack ? state.mark : { server: serverTime(situation.anchor, at()), local: clock.now() };
    const next = { ...state, mark, ...change };
    await writeState(options.stateFile, next);
    state = next;
  }

  const licence = createNodeLicence({
    ...options,
    issuer,
    bootId: randomUUID(),
    transport: createTransport({
      serverUrl: options.serverUrl,
      fetch: options.fetch ?? createFetch(options),
      timeoutMs: options.requestTimeoutMs ?? 10_000,
      now: () => clock.now(),
    }),
    log,
    now: () => clock.now(),
    state: () => state,
    save,
  });

  async function offlineFile(): Promise<OfflineFile | null> {
    const { product, version, node, mode = 'production', offlineFile: path } = options;
    if (path === undefined) return null;
    return readOfflineFile(path, { issuer, product, version, mode, node, keys: await licence.fileKeys() });
  }

  /** From the licence file if there is one, otherwise from the server. */
  async function attempt(): Promise<Outcome> {
    const file = await offlineFile();
    if (file === null) return licence.attempt();
    if (!file.ok) return { kind: 'failed', failure: { code: 'OFFLINE_FILE_REFUSED', text: file.why }, retryAfterMs: 0 };
    const { iat, exp } = file.claims;
    const isNew = iat > state.fileIssuedAt;
    // Before the state is written, because its mark follows from it.
    situation = { ...situation, ...fileTime(situation, { iat, isNew }, state.mark, at()) };
    const counts = !situation.rolledBack && serverTime(situation.anchor, at()) < exp * 1000;
    const reset = counts ? { stopReported: false } : {};
    await save({ lock: null, fileIssuedAt: Math.max(iat, state.fileIssuedAt), ...reset });
    return { kind: 'file', claims: file.claims };
  }

  function become(change: Partial<Situation>): void {
    situation = { ...situation, activationId: state.activationId, ...change };
    const next = snapshotOf(situation, at());
    cancelTurn();
    const turn = unlock === null ? null : nextTurn(situation, at());
    if (turn !== null) cancelTurn = clock.after(turn, () => become({}));
    if (isDeepStrictEqual(next, snapshot)) return;
    if (next.state !== snapshot.state) {
      const detail = { from: snapshot.state, to: next.state, code: next.reason?.code, revision: next.revision };
      log({ level: next.state === 'OK' ? 'info' : 'warn', message: 'licence state changed', detail });
    }
    snapshot = next;
    for (const listener of listeners) listener(next);
    if (asksToStop()) void confirmStop();
  }

  function asksToStop(): boolean {
    const { state: now, effect } = snapshotOf(situation, at());
    return unlock !== null && stopListeners.size > 0 && now === 'LOCKED' && effect === 'stop' && !state.stopReported;
  }

  /** Checks once more, so that no product stops for a lock that was just lifted; then reports it, once per lock. */
  async function confirmStop(): Promise<void> {
    if (confirming) return;
    confirming = true;
    try {
      await run(attempt);
      if (!asksToStop()) return;
      // Saved first: if a restart forgot the stop, supervisor and product would loop.
      await save({ stopReported: true });
      for (const listener of stopListeners) listener();
    } catch (error) {
      log({
        level: 'error',
        message: 'the licence asks to stop, but that cannot be stored',
        detail: { error: String(error) },
      });
    } finally {
      confirming = false;
    }
  }

  function settle(outcome: Outcome): void {
    const { now, monotonic } = at();
    if (outcome.kind === 'failed') {
      failures += 1;
      log({ level: 'warn', message: 'licence check failed', detail: { code: outcome.failure.code } });
      plan(retryIn(outcome.retryAfterMs), { failure: outcome.failure });
      return;
    }
    const { claims } = outcome;
    if (outcome.kind === 'file') {
      failures = 0;
      const delay = intervalDelay(claims.chk.intervalSec * 1000, claims.chk.jitterPct, Math.random());
      plan(delay, { verdict: claims, lock: null, failure: null, offline: true });
      return;
    }
    const anchor = { server: claims.iat * 1000, local: now, monotonic };
    if (outcome.kind === 'locked') {
      failures += 1;
      plan(retryIn(0), { lock: claims, anchor, rolledBack: false, failure: null, offline: false });
      return;
    }
    failures = 0;
    const delay = intervalDelay(claims.chk.intervalSec * 1000, claims.chk.jitterPct, Math.random());
    plan(delay, { verdict: claims, lock: null, anchor, rolledBack: false, failure: null, offline: false });
  }

  function retryLimits(retryAfterMs: number): RetryLimits {
    const intervalMs = situation.verdict === null ? defaultIntervalMs : situation.verdict.chk.intervalSec * 1000;
    return { firstMs: options.retryFirstMs ?? 30_000, maxMs: options.retryMaxMs ?? 600_000, intervalMs, retryAfterMs };
  }

  function retryIn(retryAfterMs: number): number {
    return retryDelay(failures, retryLimits(retryAfterMs), Math.random());
  }

  function plan(delay: number, change: Partial<Situation>): void {
    cancelCheck();
    if (unlock !== null) cancelCheck = clock.after(delay, () => void run(attempt));
    become({ ...change, nextCheckAt: unlock === null ? null : Math.round(clock.now() + delay) });
  }

  /** One request at a time; concurrent callers share its outcome. Never rejects. */
  function run(attempt: () => Promise<Outcome>): Promise<LicenceSnapshot> {
    inFlight ??= attempt()
      .catch((error: unknown): Outcome => {
        log({ level: 'error', message: 'licence check failed on this node', detail: { error: String(error) } });
        const text = error instanceof Error ? error.message : undefined;
        return { kind: 'failed', failure: { code: 'STATE_FILE_UNUSABLE', text }, retryAfterMs: 0 };
      })
      .then((outcome) => {
        inFlight = null;
        settle(outcome);
        return snapshot;
      });
    return inFlight;
  }

  function requireStarted(): void {
    if (unlock === null) throw new LicenceClientError('NOT_STARTED', 'The licence client was not started.');
  }

  async function stop(): Promise<void> {
    cancelCheck();
    cancelTurn();
    const free = unlock;
    unlock = null;
    await inFlight;
    await saving;
    free?.();
  }

  return {
    async start() {
      if (unlock !== null) return;
      const free = await lockState(options.stateFile, options.lockWaitMs ?? 10_000);
      try {
        const held = await readState(options.stateFile, options.product);
        state = held ?? newNodeState(options.product, options.node.name, clock.now());
        const { anchor, rolledBack } = resume(state.mark, at());
        situation = { ...situation, anchor, rolledBack: held !== null && rolledBack };
        // Proves that the state can be written before any request whose answer must be stored.
        await save({ starts: countStart(state.starts, clock.now()) });
      } catch (error) {
        free();
        throw error;
      }
      unlock = free;
      become(await licence.remembered());
      if (state.stopReported && snapshot.state !== 'LOCKED') await save({ stopReported: false });
      // In a restart loop, wait before asking the server; a licence file can be read at once.
      const hasFile = (await offlineFile()) !== null;
      const wait = hasFile ? 0 : startDelay(state, retryLimits(0), { now: clock.now(), random: Math.random() });
      if (wait > 0) plan(wait, {});
      else void run(attempt);
    },
    stop,
    async release() {
      requireStarted();
      cancelCheck();
      await inFlight;
      if (!(await licence.release())) {
        throw new LicenceClientError('RELEASE_FAILED', 'The licence server was not reached; the seat is still taken.');
      }
      await stop();
      become({ verdict: null, lock: null, failure: null, nextCheckAt: null });
    },
    async check() {
      requireStarted();
      return run(attempt);
    },
    async recover() {
      requireStarted();
      await inFlight;
      return run(licence.recover);
    },
    status: () => snapshotOf(situation, at()),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onStop(listener) {
      stopListeners.add(listener);
      if (asksToStop()) void confirmStop();
      return () => stopListeners.delete(listener);
    },
  };
}
