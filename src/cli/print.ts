import type { z } from 'zod';
import type {
  AuditEntry,
  OperatorInstance,
  OperatorOperation,
  OperatorOrder,
  OperatorOrderDetails,
} from '../contracts/api/operator.ts';
import { now } from '../runtime/clock.ts';
import { textsOf } from '../texts/texts.ts';

const { cli: texts } = textsOf('en');

/** A table of texts, each column as wide as its widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head.map((title) => title.toUpperCase())), ...rows.map(line)].join('\n');
}

/** Facts in lines with aligned names; those without a value are omitted. */
export function sheet(facts: Record<string, string | undefined>): string {
  const given = Object.entries(facts).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const width = Math.max(...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function money(amount: number, currency: string): string {
  return `${(amount / 100).toFixed(2)} ${currency}`;
}

/** The age of a time, in the largest whole unit. */
export function age(since: string): string {
  const minutes = Math.max(0, Math.floor((now() - Date.parse(since)) / 60_000));
  if (minutes < 60) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`;
}

export function ordersText(orders: readonly OperatorOrder[]): string {
  if (orders.length === 0) return texts.empty.orders;
  return table(
    ['order', 'state', 'hostname', 'plan', 'total', 'paid', 'refunded', 'age'],
    orders.map((order) => [
      order.id,
      order.state,
      order.subject.hostname,
      order.subject.plan,
      money(order.total, order.currency),
      money(order.paid, order.currency),
      money(order.refunded, order.currency),
      age(order.createdAt),
    ]),
  );
}

export function orderText(order: OperatorOrder): string {
  return sheet({
    order: order.id,
    state: order.reason ? `${order.state} (${order.reason})` : order.state,
    server: `${order.subject.plan} on ${order.subject.cloud}/${order.subject.region}: ${order.subject.hostname}`,
    instance: order.instanceId,
    operation: order.operationId,
    account: order.accountId,
    payer: order.billingEmail,
    administrator: order.adminEmail,
    total: money(order.total, order.currency),
    paid: money(order.paid, order.currency),
    refunded: money(order.refunded, order.currency),
    'paid outside Stripe': order.paidOutside ? money(order.paidOutside, order.currency) : undefined,
    declines: String(order.declines),
    customer: order.stripe?.customerId,
    subscription: order.stripe?.subscriptionId,
    invoice: order.stripe?.invoiceId,
    'payment intent': order.stripe?.paymentIntentId,
    created: order.createdAt,
    ended: order.endedAt,
    workflow: order.started ? order.workflowId : texts.notStarted,
    page: order.workflowUrl,
  });
}

/** An order with its mails and what was done to it. */
export function orderDetailsText(order: OperatorOrderDetails): string {
  const mails = table(
    ['mail', 'to', 'status', 'sent'],
    order.mails.map(({ kind, recipient, status, sentAt }) => [kind, recipient, status, sentAt ?? '-']),
  );
  return [orderText(order), ...(order.mails.length > 0 ? ['', mails] : []), ...auditLines(order.audit)].join('\n');
}

/** An audit log in lines, after an empty one; none for an empty log. */
export function auditLines(entries: readonly z.infer<typeof AuditEntry>[]): string[] {
  if (entries.length === 0) return [];
  return ['', ...entries.map(({ at, actor, action, why }) => `${at}  ${actor}  ${action}${why ? `: ${why}` : ''}`)];
}

export function instancesText(instances: readonly OperatorInstance[]): string {
  if (instances.length === 0) return texts.empty.instances;
  return table(
    ['instance', 'status', 'standing', 'hostname', 'plan', 'cloud', 'age'],
    instances.map((instance) => [
      instance.id,
      instance.status,
      instance.standing ?? '-',
      instance.hostname,
      instance.plan,
      `${instance.cloud}/${instance.region}`,
      age(instance.createdAt),
    ]),
  );
}

export function instanceText(instance: OperatorInstance): string {
  return sheet({
    instance: instance.id,
    status: instance.status,
    operation: instance.operation
      ? `${instance.operation.kind} ${instance.operation.id}: ${instance.operation.status}`
      : undefined,
    standing: instance.standing ?? undefined,
    address: instance.url,
    server: `${instance.plan} on ${instance.cloud}/${instance.region}/${instance.zone}, version ${instance.version}`,
    licence: instance.licenceId,
    account: instance.accountId,
    order: instance.orderId,
    'paid until': instance.paidUntil,
    created: instance.createdAt,
    ready: instance.readyAt,
    workflow: instance.workflowId,
    page: instance.workflowUrl,
  });
}

export function operationsText(operations: readonly OperatorOperation[]): string {
  if (operations.length === 0) return texts.empty.operations;
  return table(
    ['operation', 'kind', 'status', 'waits in', 'reason', 'instance', 'age'],
    operations.map((operation) => [
      operation.id,
      operation.kind,
      operation.status,
      operation.waiting ? `${operation.waiting.step} (attempt ${operation.waiting.attempt})` : '-',
      operation.reason ?? '-',
      operation.instanceId,
      age(operation.createdAt),
    ]),
  );
}

export function operationText(operation: OperatorOperation, audit: readonly z.infer<typeof AuditEntry>[] = []): string {
  const steps = table(
    ['step', 'status', 'attempt', 'began', 'ended', 'reason', 'detail'],
    operation.steps.map((step) => [
      step.step,
      step.status,
      String(step.attempt),
      step.startedAt?.slice(11, 19) ?? '-',
      step.endedAt?.slice(11, 19) ?? '-',
      step.reason ?? '-',
      step.detail?.split('\n')[0]?.slice(0, 100) ?? '',
    ]),
  );
  const facts = sheet({
    operation: operation.id,
    kind: operation.kind,
    status: operation.reason ? `${operation.status} (${operation.reason})` : operation.status,
    found: operation.found?.join('; '),
    instance: operation.instanceId,
    order: operation.orderId,
    account: operation.accountId,
    created: operation.createdAt,
    ended: operation.endedAt,
    workflow: operation.workflowId,
    page: operation.workflowUrl,
  });
  return [facts, ...choices(operation), '', steps, ...consoleText(operation), ...auditLines(audit)].join('\n');
}

/** The consoles of the machines, each under its name. */
function consoleText({ console: read }: OperatorOperation): string[] {
  return (read?.machines ?? []).flatMap(({ serverId, lines, problem }) => {
    const about = problem
      ? texts.console.unread({ machine: serverId, problem })
      : texts.console[lines.length > 0 ? 'read' : 'empty']({ machine: serverId, at: read!.at });
    return ['', about, ...lines.map((line) => `  ${line}`)];
  });
}

/** The operator's possible decisions, as commands to copy. */
function choices({ id, waiting }: OperatorOperation): string[] {
  if (!waiting) return [];
  const { step, operator, detail, next, decisions } = waiting;
  return [
    '',
    texts.waits({ step, operator, next }),
    ...(detail ? [texts.cause({ detail })] : []),
    ...decisions.map((decision) => `  freehold operations ${decision} ${id} --why "..."`),
  ];
}
