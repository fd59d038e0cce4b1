import { z } from 'zod';
import { Cycle, Features, Limits, PlanName } from '../catalogue.ts';
import { InstanceId, OperationId, OrderId } from '../ids.ts';
import { OperationKind } from '../operations/registry.ts';
import { CloudName } from '../stack.ts';
import { InstanceStatus, OperationStatus, Standing } from '../states.ts';
import { Time } from './common.ts';

/** A private server. */
export const Instance = z
  .strictObject({
    id: InstanceId,
    orderId: OrderId,
    name: z.string(),
    hostname: z.string(),
    /** URL of its web pages. */
    url: z.string(),
    cloud: CloudName,
    region: z.string(),
    zone: z.string(),
    plan: PlanName,
    cycle: Cycle,
    addOns: z.record(z.string(), z.number().int()),
    limits: Limits,
    features: Features,
    /** Version of the product that it runs. */
    version: z.string(),
    status: InstanceStatus,
    /** The running operation; null when there is none. */
    operation: z.strictObject({ id: OperationId, kind: OperationKind, status: OperationStatus }).nullable(),
    standing: Standing.nullable(),
    licenceId: z.string().optional(),
    paidUntil: Time.optional(),
    createdAt: Time,
    readyAt: Time.optional(),
  })
  .meta({ id: 'Instance' });
export type Instance = z.infer<typeof Instance>;
