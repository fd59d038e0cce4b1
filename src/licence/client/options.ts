import { z } from 'zod';
import { ActivationRequest, SeatMode, WireNode } from '../protocol/requests.ts';
import { LicenceKeys } from '../protocol/verdict.ts';
import { LicenceClientError, type LicenceClientOptions } from './types.ts';

const Duration = z.number().positive().optional();

/** The shape of the options; the compiler checks functions. */
const Options = z.object({
  serverUrl: z.url({ protocol: /^https?$/ }),
  stateFile: z.string().min(1),
  product: ActivationRequest.shape.product,
  version: ActivationRequest.shape.version,
  mode: SeatMode.optional(),
  node: WireNode,
  enrollmentToken: z.string().min(1).optional(),
  licenseKey: z.string().min(1).optional(),
  publicKeys: LicenceKeys.optional(),
  offlineFile: z.string().min(1).optional(),
  issuer: z.string().min(1).optional(),
  proxy: z.union([z.enum(['environment', 'none']), z.url({ protocol: /^https?$/ })]).optional(),
  ca: z.string().includes('-----BEGIN CERTIFICATE-----').optional(),
  requestTimeoutMs: Duration,
  retryFirstMs: Duration,
  retryMaxMs: Duration,
  lockWaitMs: z.number().nonnegative().optional(),
});

/** Throws INVALID_OPTIONS, which names the invalid options and repeats none of their values. */
export function requireUsable(options: LicenceClientOptions): void {
  const parsed = Options.safeParse(options);
  if (parsed.success) return;
  const names = new Set(parsed.error.issues.map(({ path }) => path.join('.')));
  throw new LicenceClientError(
    'INVALID_OPTIONS',
    `These licence options are missing or invalid: ${[...names].join(', ')}.`,
  );
}
