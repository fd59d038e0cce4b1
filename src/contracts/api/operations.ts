import { z } from 'zod';
import { InstanceId, OperationId, OrderId } from '../ids.ts';
import { OperationKind } from '../operations/registry.ts';
import { reasonCodes } from '../reasons.ts';
import { OperationStatus, StepStatus } from '../states.ts';
import { StepName } from '../steps.ts';
import { Time } from './common.ts';

export const Reason = z.enum(reasonCodes);

const OperationStep = z
  .strictObject({
    step: StepName,
    title: z.string(),
    why: z.string(),
    status: StepStatus,
    attempt: z.number().int(),
    startedAt: Time.optional(),
    endedAt: Time.optional(),
    reason: Reason.optional(),
    detail: z.string().optional(),
  })
  .meta({ id: 'OperationStep' });

/** One run that changes an instance, with the latest state of each of its steps. */
export const Operation = z
  .strictObject({
    id: OperationId,
    instanceId: InstanceId,
    /** Set for the operation that delivers an order. */
    orderId: OrderId.optional(),
    kind: OperationKind,
    status: OperationStatus,
    reason: Reason.optional(),
    steps: z.array(OperationStep),
    createdAt: Time,
    endedAt: Time.optional(),
  })
  .meta({ id: 'Operation' });
export type Operation = z.infer<typeof Operation>;

/** The operation that fulfils the request; it has a page from the moment it starts. */
export const AcceptedOperation = z
  .strictObject({
    instanceId: InstanceId,
    operationId: OperationId,
    /** `page`: the live page of the server. */
    links: z.strictObject({ self: z.string(), page: z.string() }),
  })
  .meta({ id: 'AcceptedOperation' });
export type AcceptedOperation = z.infer<typeof AcceptedOperation>;
