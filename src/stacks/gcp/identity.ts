import { Account } from '@pulumi/gcp/serviceaccount/account.js';
import type { Parts } from './parts.ts';

/** Who the machines are for Google Cloud: an account that has no role, so that whoever gets its token has nothing. */
export function declareIdentity({ nameOf, describe, inside }: Parts): Account {
  return new Account(
    'account',
    { accountId: nameOf('host'), displayName: nameOf('host'), description: describe('account') },
    inside(),
  );
}
