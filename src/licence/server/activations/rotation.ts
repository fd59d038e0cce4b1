/**
 * The rules of the rotating secret, as one pure decision: who presents this secret?
 *
 * Every check replaces the secret. The client persists its requestId before it sends, so it repeats a request whose
 * answer was lost with the same requestId and gets the same answer; only the holder of a copied state presents the
 * previous secret with another requestId. A clone made at any moment shares at most one requestId, so the later copy is
 * detected by its second check at the latest. The server cannot know which copy is the original: the first to check
 * keeps the identity.
 */
export interface RotationState {
  secret: { hash: string; requestId: string };
  /** The secret before the current one, until the current one is used. */
  previous: { hash: string; bootId: string | null; at: Date; replayedWithoutId: boolean } | null;
  /** Whether the previous secret was repeated without a requestId in the last rotation. */
  lastRoundReplayed: boolean;
  /** Older hashes, newest last. */
  history: string[];
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
 * - clone: the previous secret, presented by somebody else
 * - stale: an older secret: a restored snapshot or a clone
 * - unknown: never issued
 */
export type Judgement = 'rotate' | 'replay' | 'replay-once' | 'clone' | 'stale' | 'unknown';

export function judgeSecret(
  state: RotationState,
  presented: Presented,
  time: { now: number; sameBootMs: number },
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
  if (presented.requestId === state.secret.requestId) return 'replay';
  const sameBoot = presented.bootId !== null && presented.bootId === previous.bootId;
  return sameBoot && time.now - previous.at.getTime() <= time.sameBootMs ? 'replay' : 'clone';
}
