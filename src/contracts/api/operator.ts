import { z } from 'zod';
import { Email } from '../email.ts';
import { AccountId, InstanceId, OperationId, OrderId } from '../ids.ts';
import { reasonCodes } from '../reasons.ts';
import { InstanceStatus, OperationStatus, OrderState } from '../states.ts';
import { Decision, StepName } from '../steps.ts';
import { textLine } from '../text-line.ts';
import { Member } from './account.ts';
import { ListLimit, Time } from './common.ts';
import { Ticket } from './fleet.ts';
import { Readiness } from './health.ts';
import { Instance } from './instances.ts';
import { Invitation } from './members.ts';
import { Operation } from './operations.ts';
import { Order } from './orders.ts';

const workflow = {
  accountId: AccountId,
  /** Id of the Temporal workflow, and its page in the Temporal UI where one is configured. */
  workflowId: z.string(),
  workflowUrl: z.string().optional(),
};

export const OperatorOrder = z
  .strictObject({
    ...Order.shape,
    ...workflow,
    billingEmail: Email,
    adminEmail: Email,
    /** Ids of its Stripe objects, once they exist. */
    stripe: z
      .strictObject({
        customerId: z.string(),
        subscriptionId: z.string(),
        invoiceId: z.string(),
        paymentIntentId: z.string().optional(),
      })
      .nullable(),
    /** Whether its workflow is known to run. */
    started: z.boolean(),
  })
  .meta({ id: 'OperatorOrder' });
export type OperatorOrder = z.infer<typeof OperatorOrder>;

export const OperatorInstance = z.strictObject({ ...Instance.shape, ...workflow }).meta({ id: 'OperatorInstance' });
export type OperatorInstance = z.infer<typeof OperatorInstance>;

/** The step that waits for an operator; `retry`, `skip` and `abort` name exactly this step and attempt. */
const WaitingStep = z
  .strictObject({
    step: StepName,
    attempt: z.number().int(),
    reason: z.enum(reasonCodes),
    /** The error's own message. */
    detail: z.string().optional(),
    /** The reason in words: for the customer, for operators, and what to do next. */
    customer: z.string(),
    operator: z.string(),
    next: z.string(),
    /** The decisions that are possible. */
    decisions: z.array(Decision),
  })
  .meta({ id: 'WaitingStep' });

export const OperatorOperation = z
  .strictObject({
    ...Operation.shape,
    ...workflow,
    /** What a check of drift found: each part with its id at the cloud. */
    found: z.array(z.string()).optional(),
    /** The consoles of the machines when a step gave up waiting for the server. */
    console: z
      .strictObject({
        at: z.iso.datetime(),
        machines: z.array(
          z.strictObject({ serverId: z.string(), lines: z.array(z.string()), problem: z.string().optional() }),
        ),
      })
      .optional(),
    waiting: WaitingStep.nullable(),
  })
  .meta({ id: 'OperatorOperation' });
export type OperatorOperation = z.infer<typeof OperatorOperation>;

export const OperatorOrderQuery = z.object({
  state: OrderState.optional(),
  accountId: AccountId.optional(),
  limit: ListLimit,
  before: OrderId.optional(),
});
export const OperatorInstanceQuery = z.object({
  status: InstanceStatus.optional(),
  accountId: AccountId.optional(),
  limit: ListLimit,
  before: InstanceId.optional(),
});
/** `status=needs_operator` lists operations that wait for an operator, newest first. */
export const OperatorOperationQuery = z.object({
  status: OperationStatus.optional(),
  accountId: AccountId.optional(),
  limit: ListLimit,
  before: OperationId.optional(),
});

/** Who acts, for the audit log; without it the log says `bootstrap`. */
export const OperatorName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,99}$/);

export const CancelOrderRequest = z
  .strictObject({
    /** Written to the audit log. */
    why: z.string().trim().min(1).max(500),
  })
  .meta({ id: 'CancelOrderRequest' });

export const CorrectAddressRequest = z
  .strictObject({
    /** The wrong address, as the order has it; the case of its letters does not matter. */
    from: Email,
    /** The right one. */
    to: Email,
    /** Written to the audit log. */
    why: textLine(500),
  })
  .meta({ id: 'CorrectAddressRequest' });

export const DecisionRequest = z
  .strictObject({
    step: StepName,
    attempt: z.number().int().positive(),
    /** Written to the audit log. */
    why: textLine(500),
  })
  .meta({ id: 'DecisionRequest' });

export const AuditEntry = z
  .strictObject({
    at: z.iso.datetime(),
    actor: z.string(),
    action: z.string(),
    before: z.unknown().optional(),
    after: z.unknown().optional(),
    requestId: z.string().optional(),
    why: z.string().optional(),
  })
  .meta({ id: 'AuditEntry' });

/** One mail about an order: `refused` by the relay, or `pending` until the relay has taken it. */
const OrderMail = z
  .strictObject({
    kind: z.string(),
    recipient: z.enum(['administrator', 'payer']),
    status: z.enum(['pending', 'sent', 'refused']),
    sentAt: Time.optional(),
  })
  .meta({ id: 'OrderMail' });

export const OperatorOrderDetails = z
  .strictObject({
    ...OperatorOrder.shape,
    /** The mails about it, oldest first. */
    mails: z.array(OrderMail),
    /** What operators and the system did to it, oldest first. */
    audit: z.array(AuditEntry),
  })
  .meta({ id: 'OperatorOrderDetails' });
export type OperatorOrderDetails = z.infer<typeof OperatorOrderDetails>;

/**
 * What an operator looks for: an id of ours (order, instance, operation, account, quote, ticket, licence), one of
 * Stripe's (customer, subscription, invoice, payment intent), an e-mail address, or a hostname or its first label.
 */
export const FindRequest = z.strictObject({ text: z.string().trim().min(1).max(300) }).meta({ id: 'FindRequest' });

/** The kinds of records that a search finds. */
export const foundKinds = ['orders', 'instances', 'operations', 'accounts', 'tickets'] as const;

/** Everything about what was found, at most 20 of each, newest first. */
export const Found = z
  .strictObject({
    orders: z.array(OperatorOrder),
    instances: z.array(OperatorInstance),
    operations: z.array(OperatorOperation),
    accounts: z.array(z.strictObject({ id: AccountId, email: Email })),
    tickets: z.array(Ticket),
    /** The kinds of which more matched than are listed. */
    more: z.array(z.enum(foundKinds)),
  })
  .meta({ id: 'Found' });
export type Found = z.infer<typeof Found>;

/** The state of the platform at a glance. */
export const PlatformStatus = z
  .strictObject({
    version: z.string(),
    ...Readiness.shape,
    /** Operations that wait for an operator. */
    waiting: z.number().int(),
    /** Open tickets. */
    tickets: z.number().int(),
    /** How many orders that have not ended are in each state, and how many servers that exist have each status. */
    orders: z.partialRecord(OrderState, z.number().int()),
    instances: z.partialRecord(InstanceStatus, z.number().int()),
  })
  .meta({ id: 'PlatformStatus' });
export type PlatformStatus = z.infer<typeof PlatformStatus>;

/** An account as operators see it; null once it is closed. */
export const OperatorAccount = z
  .strictObject({
    account: z
      .strictObject({
        id: AccountId,
        email: Email,
        createdAt: Time,
        members: z.array(Member),
        invitations: z.array(Invitation),
      })
      .nullable(),
    audit: z.array(AuditEntry),
  })
  .meta({ id: 'OperatorAccount' });
export type OperatorAccount = z.infer<typeof OperatorAccount>;
