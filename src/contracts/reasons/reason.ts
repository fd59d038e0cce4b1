export type Plane = 'request' | 'payment' | 'cloud' | 'dns' | 'licence' | 'mail' | 'internal';

export interface Reason {
  readonly plane: Plane;
  /** HTTP status when the reason ends a request. */
  readonly status: number;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  readonly customer: string;
  readonly operator: string;
  /** What to do next, as an imperative sentence. */
  readonly next: string;
}

/** The reasons of one area by their codes. */
export type Reasons = Readonly<Record<string, Reason>>;

/** One entry of the catalogue. */
export function reason(
  plane: Plane,
  status: number,
  text: { customer: string; operator: string; next: string },
  retryable = false,
): Reason {
  return { plane, status, retryable, ...text };
}
