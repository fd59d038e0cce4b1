/**
 * The rules of the rotating secret, as one pure decision: who presents this secret?
 *
 * Every check replaces the secret. The client persists its requestId before it sends, so it repeats a request whose
 * answer was lost with the same requestId and gets the same answer; only the holder of a copied state presents the
 * previous secret with another requestId. A clone made at any moment shares at most one requestId, so the later copy is
 * detected by its second check at the latest. Copies of a state that was stored while a request was in flight all
 * repeat that request, as a node does that restarts before it has its answer; so one secret is issued to a few
 * processes (bootIds) only, and the next one counts as a copy. The server cannot know which copy is the original: the
 * first to check keeps the identity.
 */
export interface RotationState {
  secret: { hash: string; requestId: string };
  /** The secret before the current one, until the current one is used. */
  previous: { hash: string; bootId: string | null; at: Date; replayedWithoutId: boolean } | null;
  /** Whether the previous secret was repeated without a requestId in the last rotation. */
  lastRoundReplayed: boolean;
  /** Older hashes, newest last. */
  history: string[];
  /** The processes that the current secret was issued to, by bootId, without repetition. */
  boots: string[];
}

/** Under what a process counts; all those without a bootId count as one. */
export function bootName(bootId: string | null): string {
  return bootId ?? 'none';
}

/** Whether the current secret may be issued to this process: it has it already, or few others do. */
export function mayReceive({ boots }: Pick<RotationState, 'boots'>, bootId: string | null, most: number): boolean {
  return boots.includes(bootName(bootId)) || boots.length < most;
}

export interface Presented {
  hash: string;
  requestId: string | undefined;
  bootId: string | null;
}

/**
 * - rotate: the current secret
 * - replay: the answer was lost; return the same one again
 * - replay-once: like replay, from a client that sends no requestId; counted, so that it works only once
 * - clone: the previous secret, presented by somebody else, or by one process too many
 * - stale: an older secret: a restored snapshot or a clone
 * - unknown: never issued
 */
export type Judgement = 'rotate' | 'replay' | 'replay-once' | 'clone' | 'stale' | 'unknown';

export function judgeSecret(
  state: RotationState,
  presented: Presented,
  rules: { now: number; sameBootMs: number; bootsPerSecret: number },
): Judgement {
  if (presented.hash === state.secret.hash) return 'rotate';
  const { previous } = state;
  if (previous === null || presented.hash !== previous.hash) {
    return state.history.includes(presented.hash) ? 'stale' : 'unknown';
  }
  if (presented.requestId === undefined) {
    // Two copies without request ids would otherwise follow each other in lock-step for ever, so only one replay in a
    // row is allowed.
    return previous.replayedWithoutId || state.lastRoundReplayed ? 'clone' : 'replay-once';
  }
  if (presented.requestId === state.secret.requestId) {
    return mayReceive(state, presented.bootId, rules.bootsPerSecret) ? 'replay' : 'clone';
  }
  const sameBoot = presented.bootId !== null && presented.bootId === previous.bootId;
  return sameBoot && rules.now - previous.at.getTime() <= rules.sameBootMs ? 'replay' : 'clone';
}
