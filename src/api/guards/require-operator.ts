import { z } from 'zod';
import { OperatorName } from '../../contracts/api/operator.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { bearerOf } from '../../routing/bearer.ts';
import type { Guard } from './guard.ts';
import { sameText } from './session.ts';

export interface OperatorCaller {
  /** Name in the audit log. */
  name: string;
}

/**
 * The guard of operators: the installation's token as `Authorization: Bearer`. Its holder says in the header
 * `Freehold-Operator` who they are.
 */
export const requireOperator: Guard<OperatorCaller> = {
  security: ['operator'],
  headers: z.object({ 'freehold-operator': OperatorName.optional() }),
  problems: ['not_signed_in', 'invalid_request'],
  async admit({ request, deps }) {
    const given = bearerOf(request);
    if (!given || !sameText(given, deps.config.FREEHOLD_OPERATOR_TOKEN)) throw new ReasonError('not_signed_in');
    const name = request.get('freehold-operator');
    if (name !== undefined && !OperatorName.safeParse(name).success) {
      throw new ReasonError('invalid_request', 'Freehold-Operator is a name in Latin letters');
    }
    return { name: name ?? 'bootstrap' };
  },
};
