/** What a server or client does otherwise than the protocol says, as one sentence. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

/** A scenario that this target gives no chance to play; the sentence says why. */
export class NotPlayed extends Error {
  override readonly name = 'NotPlayed';
}

/** Throws the finding `what` unless the condition holds. `what` never names a key, a secret or a token. */
export function holds(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Finding(what);
}
