import { z } from 'zod';
import { InstanceId, OperationId, OrderId } from '../ids.ts';
import { reasonCodes } from '../reasons.ts';
import { OperationKind, OperationStatus, StepStatus } from '../states.ts';
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

/** One run that changes an instance, with the newest state of each of its steps. */
export const Operation = z
  .strictObject({
    id: OperationId,
    instanceId: InstanceId,
    orderId: OrderId,
    kind: OperationKind,
    status: OperationStatus,
    reason: Reason.optional(),
    steps: z.array(OperationStep),
    createdAt: Time,
    endedAt: Time.optional(),
  })
  .meta({ id: 'Operation' });
export type Operation = z.infer<typeof Operation>;
