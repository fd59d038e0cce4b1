import { type Reasons, reason } from './reason.ts';

/** The licence of a server, as the control plane sees it. */
export const licenceReasons = {
  licence_server_unavailable: reason('licence', 503, { retryable: true }),
  licence_refused: reason('licence', 502),
  not_activated_yet: reason('licence', 504, { retryable: true }),
  activation_missing: reason('licence', 504),
} as const satisfies Reasons;
