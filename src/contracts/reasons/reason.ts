export type Plane = 'request' | 'payment' | 'cloud' | 'dns' | 'licence' | 'mail' | 'internal';

export interface Reason {
  readonly plane: Plane;
  /** HTTP status when the reason ends a request. */
  readonly status: number;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  /**
   * Whether only people can end it although it is retried: a step that meets it waits for an operator at once, and
   * tries again by itself meanwhile.
   */
  readonly alarms: boolean;
}

/** The reasons of one area by their codes. */
export type Reasons = Readonly<Record<string, Reason>>;

/** One entry of the catalogue; its sentences are in `src/texts/` under the same code. */
export function reason(plane: Plane, status: number, { retryable = false, alarms = false } = {}): Reason {
  return { plane, status, retryable, alarms };
}
