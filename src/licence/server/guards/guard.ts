import type { Request, Response } from 'express';
import type * as routing from '../../../routing/route.ts';
import type { LicenceCode } from '../../protocol/codes.ts';
import { type Caller, callerOf } from '../caller.ts';
import type { ServerContext } from '../context.ts';

export type Security = 'admin' | 'account';

/** What guards and handlers of the licence server know of a request. */
export interface LicenceFacts {
  request: Request;
  response: Response;
  context: ServerContext;
}

/** Guards let in before the body is read. */
export interface Guard<By> extends routing.Guard<Caller & By, LicenceFacts, LicenceCode> {
  security: readonly Security[];
}

/** Open: a node proves itself by the key, token or secret in its body. */
export const open: Guard<object> = {
  security: [],
  problems: [],
  admit: ({ request, response }) => callerOf(request, response),
};
