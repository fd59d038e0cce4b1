import { LicenceClientError, type LicenceClientFault } from './types.ts';

/**
 * Exit codes of a product that ends because of its licence, so that supervisors and people can tell the causes apart
 * (the numbers have about the same meaning in sysexits.h). The library itself never ends the process.
 */
export const licenceExitCodes = {
  /** The licence asks for `stop`; at most once per lock (LicenceClient.onStop). */
  stopped: 77,
  /** Invalid client options: a person has to correct them. */
  misconfigured: 78,
  /** The state file is damaged: a person has to restore or remove it. */
  stateCorrupt: 65,
  /** The state file cannot be read, written or locked: disk, owner or permissions. */
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

/** The exit code for an error of `start`; 1 if it is not a fault of the licence client. */
export function licenceExitCode(error: unknown): number {
  return error instanceof LicenceClientError ? ofFault[error.code] : 1;
}
