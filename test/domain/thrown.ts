import { ReasonError } from '../../src/contracts/reasons.ts';

/** The reason that a call ends with. */
export function thrown(call: () => unknown): ReasonError {
  try {
    call();
  } catch (error) {
    if (error instanceof ReasonError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
