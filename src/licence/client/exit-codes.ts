import { LicenceClientError, type LicenceClientFault } from './types.ts';

/**
 * Codes with which a product ends because of its licence, so that a supervisor and a person can tell them apart (the
 * numbers mean in sysexits.h about what they mean here). The library ends no process by itself.
 */
export const licenceExitCodes = {
  /** The licence asks for `stop`; at most once per lock (LicenceClient.onStop). */
  stopped: 77,
  /** The options of the client cannot work: a person has to correct them. */
  misconfigured: 78,
  /** The state file holds something else: a person has to restore or remove it. */
  stateCorrupt: 65,
  /** The state file cannot be read, written or locked: disk, owner or rights. */
  stateUnusable: 74,
  /** Another process of this node holds the state file. */
  stateInUse: 75,
} as const;

const ofFault: Record<LicenceClientFault, number> = {
  INVALID_OPTIONS: licenceExitCodes.misconfigured,
  STATE_FILE_CORRUPT: licenceExitCodes.stateCorrupt,
  STATE_FILE_UNUSABLE: licenceExitCodes.stateUnusable,
  STATE_IN_USE: licenceExitCodes.stateInUse,
  NOT_STARTED: 1,
  RELEASE_FAILED: 1,
};

/** The code for whatever ended a start; 1 for what is none of the licence client's faults. */
export function licenceExitCode(error: unknown): number {
  return error instanceof LicenceClientError ? ofFault[error.code] : 1;
}
