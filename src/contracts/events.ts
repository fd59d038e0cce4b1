import { z } from 'zod';
import { InstanceId, OperationId, OrderId } from './ids.ts';
import { OperationKind } from './operations/registry.ts';
import { reasonCodes } from './reasons.ts';
import { InstanceStatus, OperationStatus, OrderState, StepStatus } from './states.ts';
import { StepName } from './steps.ts';

const Reason = z.enum(reasonCodes).optional();

/** An event without its position in the timeline. Free of personal data and secrets. */
export const EventBody = z.discriminatedUnion('type', [
  z.object({ type: z.literal('order'), state: OrderState, reason: Reason }),
  z.object({ type: z.literal('instance'), status: InstanceStatus }),
  z.object({ type: z.literal('operation'), kind: OperationKind, status: OperationStatus, reason: Reason }),
  z.object({
    type: z.literal('step'),
    step: StepName,
    status: StepStatus,
    attempt: z.number().int().positive(),
    /** Duration of the step in ms, when it has ended. */
    tookMs: z.number().int().nonnegative().optional(),
    reason: Reason,
    /** One sentence on what is happening or what failed. */
    detail: z.string().max(500).optional(),
    /** Completed share of the step, 0 to 1, where it is known. */
    progress: z.number().min(0).max(1).optional(),
  }),
  z.object({
    type: z.literal('log'),
    step: StepName,
    severity: z.enum(['info', 'warning', 'error']),
    /** A sentence for the customer, made of known facts; output of other systems is for operators, in their logs. */
    text: z.string().max(1_000),
  }),
]);
export type EventBody = z.infer<typeof EventBody>;

/**
 * One entry of an instance's timeline; `sequence` starts at 1 and has no gaps. The same document is the `data` of a
 * server-sent event, whose `id` is the sequence and whose `event` is the type.
 */
export const TimelineEvent = z.intersection(
  z.object({
    instanceId: InstanceId,
    sequence: z.number().int().positive(),
    /** ISO 8601. */
    at: z.iso.datetime(),
    orderId: OrderId.optional(),
    operationId: OperationId.optional(),
  }),
  EventBody,
);
export type TimelineEvent = z.infer<typeof TimelineEvent>;
