import { bearerOf } from '../../../routing/bearer.ts';
import type { AccountRole } from '../../protocol/account.ts';
import { callerOf } from '../caller.ts';
import type { Member } from '../portal/account-tokens.ts';
import { Refusal } from '../refusal.ts';
import type { Guard } from './guard.ts';

/**
 * The guard of the licence portal: a member of an account with one of the roles, by a token of the account service as
 * `Authorization: Bearer`. Every member may view. Lookups are scoped to `caller.account` (account-scope.ts), so that
 * ids of others answer 404.
 */
export function requireAccount(...roles: Exclude<AccountRole, 'viewer'>[]): Guard<Member> {
  return {
    security: ['account'],
    problems: ['ACCOUNT_UNAUTHORIZED', ...(roles.length > 0 ? (['ROLE_REQUIRED'] as const) : [])],
    async admit({ request, response, context }) {
      const token = bearerOf(request);
      if (token === undefined || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) throw new Refusal('ACCOUNT_UNAUTHORIZED');
      const member = await context.accounts.verify(token);
      if (roles.length > 0 && !roles.some((role) => member.roles.includes(role))) {
        throw new Refusal('ROLE_REQUIRED', `This requires the role ${roles.join(' or ')}.`);
      }
      return { ...callerOf(request, response), ...member };
    },
  };
}
