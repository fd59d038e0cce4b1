import { createHash } from 'node:crypto';
import { ReasonError } from '../../contracts/reasons.ts';
import { canonicalJson } from '../../domain/billing/canonical-json.ts';
import type { ApiDeps } from '../deps.ts';

/**
 * Checks that an Idempotency-Key, which is unique within the instance, has not come with another request before: the
 * answer to the first one would be taken for the answer to this one. Returns whether it has come with this request before.
 * Throws `idempotency_key_reused`.
 */
export async function requireSameRequest(
  { store }: Pick<ApiDeps, 'store'>,
  { scope, key, request }: { scope: string; key: string | undefined; request: unknown },
): Promise<boolean> {
  if (key === undefined) return false;
  const requestHash = createHash('sha256').update(canonicalJson(request)).digest('base64url');
  const use = await store.requestKeys.use({ scope, key, requestHash });
  if (use === 'other_request') throw new ReasonError('idempotency_key_reused');
  return use === 'repeated';
}
