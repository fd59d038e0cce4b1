import type { Request } from 'express';
import type { LicenceCode } from '../../protocol/codes.ts';
import type { ServerContext } from '../context.ts';

export type Security = 'admin' | 'account';

/** Lets a caller in, before the body is read, or throws the refusal why not. */
export interface Guard<By> {
  /** What it asks for; null is open to everybody. */
  security: Security | null;
  refusals: readonly LicenceCode[];
  /** Who was let in, as the handler is told. */
  admit(request: Request, context: ServerContext): By | Promise<By>;
}

/** Open: a node proves itself by the key, token or secret in its body. */
export const open: Guard<object> = { security: null, refusals: [], admit: () => ({}) };
