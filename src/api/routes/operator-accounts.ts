import { z } from 'zod';
import { ListLimit } from '../../contracts/api/common.ts';
import { OperatorAccount } from '../../contracts/api/operator.ts';
import { AccountId } from '../../contracts/ids.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { route } from '../../routing/route.ts';
import { requireOperator } from '../guards/require-operator.ts';
import { invitationView, memberView } from '../views/account-view.ts';
import { auditView } from '../views/audit-view.ts';

export const operatorAccountRoutes = [
  route({
    method: 'get',
    path: '/v1/operator/accounts/{id}',
    tag: 'Operators',
    summary: 'One account with its members, and what its members changed, newest first',
    description: 'For a closed account `account` is null; its changes are kept.',
    guard: requireOperator,
    params: z.object({ id: AccountId }),
    query: z.object({ limit: ListLimit }),
    answers: { 200: OperatorAccount },
    problems: [],
    handler: async ({ deps, params: { id }, query: { limit } }) => {
      const [account, entries] = await Promise.all([deps.store.accounts.find(id), deps.store.audit.newest(id, limit)]);
      if (!account && entries.length === 0) throw new ReasonError('not_found');
      const shown = account && {
        ...{ id, email: account.email, createdAt: account.createdAt.toISOString() },
        members: account.members.map(memberView),
        invitations: account.invitations.map(invitationView),
      };
      return { status: 200, body: { account: shown, audit: entries.map(auditView) } };
    },
  }),
];
