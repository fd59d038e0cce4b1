import { Account } from '@pulumi/gcp/serviceaccount/account.js';
import type { Parts } from './parts.ts';

/** The machines' identity at Google Cloud: an account without any role, so that its token is worthless. */
export function declareIdentity({ nameOf, describe, inside }: Parts): Account {
  return new Account(
    'account',
    { accountId: nameOf('host'), displayName: nameOf('host'), description: describe('account') },
    inside(),
  );
}
