import Stripe from 'stripe';
import { ReasonError } from '../contracts/reasons.ts';
import { toReason } from './errors.ts';

export interface StripeOptions {
  secretKey: string;
  /** Base address of the API; Stripe's own when absent. */
  apiBase?: string | undefined;
}

/** The Stripe SDK, pinned to the API version that this product is written for. */
export function createStripe(options: StripeOptions): Stripe {
  const base = options.apiBase ? new URL(options.apiBase) : undefined;
  return new Stripe(options.secretKey, {
    apiVersion: '2026-10-28.endive',
    telemetry: false,
    maxNetworkRetries: 1,
    timeout: 20_000,
    ...(base
      ? {
          host: base.hostname,
          port: base.port,
          protocol: base.protocol === 'http:' ? ('http' as const) : ('https' as const),
        }
      : {}),
  });
}

/**
 * Runs one call and returns its object. Errors are thrown as reason codes. An answer of another object kind is an error
 * too: the SDK returns an HTTP error whose body has no `error` key as if it were a result.
 */
export async function call<Kind extends string, Answer extends { object: Kind }>(
  kind: Kind,
  request: Promise<Answer>,
): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await request;
  } catch (error) {
    throw toReason(error);
  }
  if (answer?.object !== kind) {
    throw new ReasonError('payment_provider_unavailable', `expected a ${kind} from Stripe, got something else`);
  }
  return answer;
}
