import type { Request, Response } from 'express';
import { z } from 'zod';
import { requestIdOf } from '../../routing/request-id.ts';

/** The request that a call answers: its id, for audit and problem bodies, and its address, for limits. */
export interface Caller {
  requestId: string;
  address: string;
}

/** On whose behalf something is changed, and in which request. */
export interface Actor {
  /** `control-plane`, `operator:<name>`, `member:<id>`, `key-holder`, … as in the audit log. */
  actor: string;
  requestId: string;
}

const withRequestId = z.object({ requestId: z.string().regex(/^[\w-]{8,64}$/) });

/** Who calls: the check's own requestId where the body has one, else the id made here. */
export function callerOf(request: Request, response: Response): Caller {
  const named = withRequestId.safeParse(request.body);
  const requestId = named.success ? named.data.requestId : requestIdOf(response);
  return { requestId, address: request.ip ?? 'unknown' };
}
