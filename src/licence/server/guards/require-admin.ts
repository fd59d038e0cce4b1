import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { bearerOf } from '../../../routing/bearer.ts';
import { OperatorName } from '../../protocol/admin.ts';
import { callerOf } from '../caller.ts';
import { Refusal } from '../refusal.ts';
import type { Guard } from './guard.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();

/**
 * The guard of the control plane and of operators: LICENCE_ADMIN_TOKEN as `Authorization: Bearer`. The header
 * `Operator` may name the person behind a call; the holder of the token vouches for the name.
 */
export const requireAdmin: Guard<{ actor: string }> = {
  security: ['admin'],
  headers: z.object({ operator: OperatorName.optional() }),
  problems: ['ADMIN_UNAUTHORIZED', 'INVALID_LICENSE_CHECK_REQUEST'],
  admit({ request, response, context }) {
    const expected = digest(context.settings.adminToken);
    if (!timingSafeEqual(digest(bearerOf(request) ?? ''), expected)) {
      throw new Refusal('ADMIN_UNAUTHORIZED');
    }
    const caller = callerOf(request, response);
    const named = request.get('Operator');
    if (named === undefined) return { ...caller, actor: 'control-plane' };
    const operator = OperatorName.safeParse(named);
    if (!operator.success)
      throw new Refusal(
        'INVALID_LICENSE_CHECK_REQUEST',
        'headers.operator: This is not an id or an e-mail address without blanks.',
      );
    return { ...caller, actor: `operator:${operator.data}` };
  },
};
