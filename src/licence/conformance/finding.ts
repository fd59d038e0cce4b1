/** A deviation from the protocol, as one sentence. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

/** A scenario that cannot be run against this target; the sentence says why. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

/** Throws the finding `what` unless the condition holds. `what` never names a key, a secret or a token. */
export function holds(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Finding(what);
}
