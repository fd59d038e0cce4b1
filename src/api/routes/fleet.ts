import { z } from 'zod';
import { pageOf } from '../../contracts/api/common.ts';
import { CloseTicketRequest, ReconcileRequest, ReconcileRun, Ticket, TicketQuery } from '../../contracts/api/fleet.ts';
import { AuditEntry } from '../../contracts/api/operator.ts';
import { RunId, TicketId } from '../../contracts/fleet.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { route } from '../../routing/route.ts';
import { nowDate } from '../../runtime/clock.ts';
import { newId } from '../../runtime/new-id.ts';
import { requireOperator } from '../guards/require-operator.ts';
import { auditView } from '../views/audit-view.ts';
import { reconcileView, ticketView } from '../views/ticket-view.ts';

const tag = 'Operators';
const guard = requireOperator;

/** Reconciliation of the systems, and the tickets of mismatches. */
export const fleetRoutes = [
  route({
    method: 'post',
    path: '/v1/operator/reconcile',
    tag,
    summary: 'Compare all systems now',
    description:
      'A dry run unless `repair` is true: then tickets are opened and safe repairs are made; orphans at the clouds are ' +
      'repaired only with `orphans`.',
    guard,
    body: ReconcileRequest,
    answers: { 202: ReconcileRun },
    problems: ['workflow_unreachable'],
    handler: async ({ deps, body, caller, requestId }) => {
      const id = newId.reconcileRun();
      await deps.workflows.startReconcile(id, body);
      await deps.store.audit.append({
        at: nowDate(),
        actor: `operator:${caller.name}`,
        action: 'request-reconcile',
        subject: id,
        after: body,
        requestId,
      });
      return { status: 202, body: reconcileView(id, null) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/operator/reconcile/{id}',
    tag,
    summary: 'The report of a comparison',
    guard,
    params: z.object({ id: RunId }),
    answers: { 200: ReconcileRun },
    problems: ['workflow_unreachable'],
    handler: async ({ deps, params: { id } }) => {
      return { status: 200, body: reconcileView(id, await deps.workflows.reconcileReport(id)) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/operator/tickets',
    tag,
    summary: 'Mismatches between the systems, newest first',
    guard,
    query: TicketQuery,
    answers: { 200: pageOf(Ticket) },
    problems: [],
    handler: async ({ deps, query: { limit, before, state, kind } }) => {
      const filter = { ...(state ? { state } : {}), ...(kind ? { kind } : {}) };
      const { items, next } = await deps.store.tickets.newest(filter, { limit, before });
      return { status: 200, body: { items: items.map(ticketView), next } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/operator/tickets/{id}',
    tag,
    summary: 'One ticket with its actions',
    guard,
    params: z.object({ id: TicketId }),
    answers: { 200: z.strictObject({ ticket: Ticket, audit: z.array(AuditEntry) }) },
    problems: [],
    handler: async ({ deps, params: { id } }) => {
      const [ticket, entries] = await Promise.all([deps.store.tickets.find(id), deps.store.audit.of(id)]);
      if (!ticket) throw new ReasonError('not_found');
      return { status: 200, body: { ticket: ticketView(ticket), audit: entries.map(auditView) } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/operator/tickets/{id}/close',
    tag,
    summary: 'Close a ticket by hand',
    description: 'It stays closed, and is not repaired, until its mismatch has disappeared and occurs again.',
    guard,
    params: z.object({ id: TicketId }),
    body: CloseTicketRequest,
    answers: { 200: Ticket },
    problems: ['already_closed'],
    handler: async ({ deps, params: { id }, body: { why }, caller, requestId }) => {
      const before = await deps.store.tickets.find(id);
      if (!before) throw new ReasonError('not_found');
      const actor = `operator:${caller.name}`;
      const closed = await deps.store.tickets.close(id, actor);
      if (!closed) throw new ReasonError('already_closed');
      await deps.store.incidents.close({ kind: 'ticket', subject: id });
      const change = { before: { state: ticketView(before).state }, after: { state: 'closed' } };
      await deps.store.audit.append({ ...change, at: nowDate(), actor, action: 'close', subject: id, requestId, why });
      return { status: 200, body: ticketView(closed) };
    },
  }),
];
