import type { Request } from 'express';
import type { LicenceCode } from '../../protocol/codes.ts';
import type { ServerContext } from '../context.ts';

export type Security = 'admin' | 'account';

/** Admits a caller before the body is read, or throws the refusal. */
export interface Guard<By> {
  /** The required credentials; null is open to everybody. */
  security: Security | null;
  refusals: readonly LicenceCode[];
  /** The admitted caller, as passed to the handler. */
  admit(request: Request, context: ServerContext): By | Promise<By>;
}

/** Open: a node authenticates by the key, token or secret in its body. */
export const open: Guard<object> = { security: null, refusals: [], admit: () => ({}) };
