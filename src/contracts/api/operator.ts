import { z } from 'zod';
import { AccountId } from '../ids.ts';
import { reasonCodes } from '../reasons.ts';
import { InstanceStatus, OperationStatus, OrderState } from '../states.ts';
import { Decision, StepName } from '../steps.ts';
import { Member } from './account.ts';
import { Email, ListLimit, Time } from './common.ts';
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
  .strictObject({ ...Operation.shape, ...workflow, waiting: WaitingStep.nullable() })
  .meta({ id: 'OperatorOperation' });
export type OperatorOperation = z.infer<typeof OperatorOperation>;

export const OperatorOrderQuery = z.object({
  state: OrderState.optional(),
  accountId: AccountId.optional(),
  limit: ListLimit,
});
export const OperatorInstanceQuery = z.object({
  status: InstanceStatus.optional(),
  accountId: AccountId.optional(),
  limit: ListLimit,
});
/** `status=needs_operator` lists operations that wait for an operator, newest first. */
export const OperatorOperationQuery = z.object({
  status: OperationStatus.optional(),
  accountId: AccountId.optional(),
  limit: ListLimit,
});

export const DecisionRequest = z
  .strictObject({
    step: StepName,
    attempt: z.number().int().positive(),
    /** Written to the audit log. */
    why: z.string().trim().min(1).max(500),
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
