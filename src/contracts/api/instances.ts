import { z } from 'zod';
import { Cycle, Features, Limits, PlanName } from '../catalogue.ts';
import { InstanceId, OrderId } from '../ids.ts';
import { CloudName } from '../stack.ts';
import { InstanceStatus, Standing } from '../states.ts';
import { Time } from './common.ts';

/** A private server. */
export const Instance = z
  .strictObject({
    id: InstanceId,
    orderId: OrderId,
    name: z.string(),
    hostname: z.string(),
    /** Where its pages answer. */
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
    standing: Standing.nullable(),
    licenceId: z.string().optional(),
    paidUntil: Time.optional(),
    createdAt: Time,
    readyAt: Time.optional(),
  })
  .meta({ id: 'Instance' });
export type Instance = z.infer<typeof Instance>;
