import { ReasonError } from '../../contracts/reasons.ts';
import type { Guard } from './guard.ts';
import { bearerOf } from './order-capability.ts';
import { sameText } from './session.ts';

export interface OperatorCaller {
  /** Name in the audit log. */
  name: string;
}

/** The guard of operators: the installation's token as `Authorization: Bearer`. */
export const requireOperator: Guard<OperatorCaller> = {
  security: ['operator'],
  problems: ['not_signed_in'],
  async admit({ request, deps }) {
    const given = bearerOf(request);
    if (!given || !sameText(given, deps.config.FREEHOLD_OPERATOR_TOKEN)) throw new ReasonError('not_signed_in');
    return { name: 'bootstrap' };
  },
};
