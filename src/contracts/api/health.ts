import { z } from 'zod';

export const Liveness = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Liveness' });

const Part = z.enum(['ok', 'unreachable']);

/** Whether this process can serve: 200 when every dependency responds, else 503. */
export const Readiness = z
  .strictObject({ status: z.enum(['ok', 'degraded']), database: Part, temporal: Part })
  .meta({ id: 'Readiness' });
