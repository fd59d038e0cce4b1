import { ReasonError } from '../../src/contracts/reasons.ts';

/** The ReasonError that a call throws. */
export function thrown(call: () => unknown): ReasonError {
  try {
    call();
  } catch (error) {
    if (error instanceof ReasonError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
