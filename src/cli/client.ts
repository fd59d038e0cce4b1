import { z } from 'zod';
import { CloudCheck } from '../contracts/api/clouds.ts';
import { pageOf } from '../contracts/api/common.ts';
import { ReconcileRun, Ticket } from '../contracts/api/fleet.ts';
import { Incident } from '../contracts/api/incidents.ts';
import { AcceptedOperation } from '../contracts/api/operations.ts';
import {
  AuditEntry,
  Found,
  OperatorAccount,
  OperatorInstance,
  OperatorOperation,
  OperatorOrder,
  OperatorOrderDetails,
  PlatformStatus,
} from '../contracts/api/operator.ts';
import { Problem } from '../contracts/problem.ts';
import type { Decision } from '../contracts/steps.ts';
import { CommandError, exitCodes, type Settings } from './settings.ts';

/** The API gives its own calls 5 s, so a write may take a little longer. */
const timeouts = { readMs: 5_000, writeMs: 10_000 };

/** The operators' API calls; every failure is a CommandError of one sentence. */
export function createClient({ api, token, operator }: Settings) {
  async function ask<Schema extends z.ZodType>(
    schema: Schema,
    path: string,
    options: { method?: string; body?: unknown } = {},
  ): Promise<z.infer<Schema>> {
    let response: Response;
    try {
      response = await fetch(api + path, {
        method: options.method ?? 'GET',
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(operator ? { 'freehold-operator': operator } : {}),
          ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
        signal: AbortSignal.timeout(options.method ? timeouts.writeMs : timeouts.readMs),
      });
    } catch (error) {
      const { cause, message, name } = error as { cause?: Error & { code?: string }; message: string; name: string };
      const why = name === 'TimeoutError' ? 'no response in time' : (cause?.code ?? cause?.message ?? message);
      throw new CommandError(`${api} does not answer (${why}).`, exitCodes.unreachable);
    }
    const body: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw refusal(response.status, body);
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new CommandError(`${api}${path} answered something this version does not know.`, exitCodes.failed);
  }

  const query = (filter: Record<string, string | undefined>) => {
    const given = Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
  };

  return {
    orders: (filter: Record<string, string | undefined>) =>
      ask(pageOf(OperatorOrder), `/v1/operator/orders${query(filter)}`),
    order: (id: string) => ask(OperatorOrderDetails, `/v1/operator/orders/${encodeURIComponent(id)}`),
    cancelOrder: (id: string, body: { why: string }) =>
      ask(OperatorOrder, `/v1/operator/orders/${encodeURIComponent(id)}/cancel`, { method: 'POST', body }),
    correctAddress: (id: string, body: { from: string; to: string; why: string }) =>
      ask(OperatorOrderDetails, `/v1/operator/orders/${encodeURIComponent(id)}/correct-address`, {
        method: 'POST',
        body,
      }),
    account: (id: string) => ask(OperatorAccount, `/v1/operator/accounts/${encodeURIComponent(id)}`),
    find: (text: string) => ask(Found, '/v1/operator/find', { method: 'POST', body: { text } }),
    status: () => ask(PlatformStatus, '/v1/operator/status'),
    instances: (filter: Record<string, string | undefined>) =>
      ask(pageOf(OperatorInstance), `/v1/operator/instances${query(filter)}`),
    instance: (id: string) => ask(OperatorInstance, `/v1/operator/instances/${encodeURIComponent(id)}`),
    requestOperation: (id: string, kind: string) =>
      ask(AcceptedOperation, `/v1/operator/instances/${encodeURIComponent(id)}/${kind}`, { method: 'POST' }),
    operations: (filter: Record<string, string | undefined>) =>
      ask(pageOf(OperatorOperation), `/v1/operator/operations${query(filter)}`),
    operation: (id: string) =>
      ask(
        z.object({ operation: OperatorOperation, audit: z.array(AuditEntry) }),
        `/v1/operator/operations/${encodeURIComponent(id)}`,
      ),
    startReconcile: (body: { repair: boolean; orphans: boolean }) =>
      ask(ReconcileRun, '/v1/operator/reconcile', { method: 'POST', body }),
    reconcileRun: (id: string) => ask(ReconcileRun, `/v1/operator/reconcile/${encodeURIComponent(id)}`),
    startCloudCheck: () => ask(CloudCheck, '/v1/operator/clouds/check', { method: 'POST' }),
    cloudCheck: (id: string) => ask(CloudCheck, `/v1/operator/clouds/check/${encodeURIComponent(id)}`),
    incidents: (filter: Record<string, string | undefined>) =>
      ask(pageOf(Incident), `/v1/operator/incidents${query(filter)}`),
    incident: (id: string) => ask(Incident, `/v1/operator/incidents/${encodeURIComponent(id)}`),
    tickets: (filter: Record<string, string | undefined>) =>
      ask(pageOf(Ticket), `/v1/operator/tickets${query(filter)}`),
    ticket: (id: string) =>
      ask(z.object({ ticket: Ticket, audit: z.array(AuditEntry) }), `/v1/operator/tickets/${encodeURIComponent(id)}`),
    closeTicket: (id: string, body: { why: string }) =>
      ask(Ticket, `/v1/operator/tickets/${encodeURIComponent(id)}/close`, { method: 'POST', body }),
    decide: (id: string, action: Decision, body: { step: string; attempt: number; why: string }) =>
      ask(OperatorOperation, `/v1/operator/operations/${encodeURIComponent(id)}/${action}`, { method: 'POST', body }),
  };
}

export type OperatorClient = ReturnType<typeof createClient>;

function refusal(status: number, body: unknown): CommandError {
  const problem = Problem.safeParse(body);
  if (!problem.success) return new CommandError(`The API answered ${status}.`, exitCodes.refused);
  const { code, title, detail, errors, requestId } = problem.data;
  if (code === 'not_signed_in') {
    return new CommandError('The API does not accept this operator token.', exitCodes.refused);
  }
  const fields = errors?.map(({ path, message }) => `${path}: ${message}`).join('; ');
  const more = [detail, fields].filter(Boolean).join('; ');
  return new CommandError(`${title}${more ? ` (${more})` : ''} [${code}, ${requestId}]`, exitCodes.refused, code);
}
