import type { Found, OperatorAccount, PlatformStatus } from '../contracts/api/operator.ts';
import { textsOf } from '../texts/texts.ts';
import { auditLines, instancesText, operationsText, ordersText, sheet, table } from './print.ts';
import { ticketsText } from './print-fleet.ts';

const { moreFound, nothingFound } = textsOf('en').cli;

/** What was found: one table per kind; kinds of which nothing was found are omitted. */
export function foundText({ orders, instances, operations, accounts, tickets, more }: Found, text: string): string {
  const tables = [
    ...(orders.length > 0 ? [ordersText(orders)] : []),
    ...(instances.length > 0 ? [instancesText(instances)] : []),
    ...(operations.length > 0 ? [operationsText(operations)] : []),
    ...(accounts.length > 0
      ? [
          table(
            ['account', 'e-mail'],
            accounts.map(({ id, email }) => [id, email]),
          ),
        ]
      : []),
    ...(tickets.length > 0 ? [ticketsText(tickets)] : []),
  ];
  const rest = more.length > 0 ? [moreFound({ kinds: more.join(', ') })] : [];
  return tables.length > 0 ? [...tables, ...rest].join('\n\n') : nothingFound({ text });
}

export function statusText(status: PlatformStatus): string {
  const counts = (by: Partial<Record<string, number>>) =>
    Object.entries(by)
      .map(([state, count]) => `${count} ${state}`)
      .join(', ') || 'none';
  return sheet({
    platform: status.status,
    version: status.version,
    database: status.database,
    temporal: status.temporal,
    waiting: status.waiting > 0 ? `${status.waiting}: freehold operations list --waiting` : 'none',
    tickets: status.tickets > 0 ? `${status.tickets} open: freehold tickets list --state open` : 'none',
    'open orders': counts(status.orders),
    servers: counts(status.instances),
  });
}

export function accountText({ account, audit }: OperatorAccount): string {
  const facts = account
    ? [
        sheet({ account: account.id, email: account.email, created: account.createdAt }),
        '',
        table(
          ['member', 'e-mail', 'roles'],
          account.members.map(({ id, email, roles }) => [id, email, roles.join(', ')]),
        ),
        ...account.invitations.map(({ email, roles }) => `invited: ${email} (${roles.join(', ')})`),
      ]
    : ['The account is closed.'];
  return [...facts, ...auditLines(audit)].join('\n');
}
