/**
 * Who is it that presents this secret? The rules of the rotating secret, as one pure decision.
 *
 * Every check replaces the secret. The client persists its requestId before it sends, so a lost answer is asked for
 * again with the same requestId and gets the same answer; only the holder of a copied state comes with the previous
 * secret and another requestId. A clone made at any moment shares at most one requestId, so the later copy is exposed
 * by its second check at the latest. The server cannot know which copy is the original: the first to check keeps the
 * identity.
 */
export interface RotationState {
  secret: { hash: string; requestId: string };
  /** The secret before the current one, until the current one is used. */
  previous: { hash: string; bootId: string | null; at: Date; replayedWithoutId: boolean } | null;
  /** Whether the previous secret of the round before came again without a requestId. */
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
 * - replay: the answer was lost; give the same one again
 * - replay-once: as replay, by a client that sends no requestId; counted, so that it is good only once
 * - clone: the previous secret in other hands
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
    // Two copies without request ids would follow each other in lock-step for ever, so one replay in a row is all.
    return previous.replayedWithoutId || state.lastRoundReplayed ? 'clone' : 'replay-once';
  }
  if (presented.requestId === state.secret.requestId) return 'replay';
  const sameBoot = presented.bootId !== null && presented.bootId === previous.bootId;
  return sameBoot && time.now - previous.at.getTime() <= time.sameBootMs ? 'replay' : 'clone';
}
