import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../refusal.ts';
import type { Guard } from './guard.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();

/** The guard of the control plane and of operators: LICENCE_ADMIN_TOKEN as `Authorization: Bearer`. */
export const requireAdmin: Guard<{ actor: string }> = {
  security: 'admin',
  refusals: ['ADMIN_UNAUTHORIZED'],
  admit(request, { settings }) {
    const expected = digest(`Bearer ${settings.adminToken}`);
    if (!timingSafeEqual(digest(request.get('Authorization') ?? ''), expected)) {
      throw new Refusal('ADMIN_UNAUTHORIZED');
    }
    return { actor: 'control-plane' };
  },
};
