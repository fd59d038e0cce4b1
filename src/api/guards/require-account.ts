import type { Role } from '../../contracts/api/account.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { RequestParams } from '../../routing/route.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiFacts, Guard } from './guard.ts';
import { capabilityIn, hasLivingCapability, opensOrder, requireLivingCapability } from './order-capability.ts';
import { type SignedIn, sameText } from './session.ts';

/** The caller of an order's route, as the audit log names them. */
export interface OrderCaller {
  order: OrderRecord;
  actor: string;
}

/**
 * The guard of customers: a signed-in member with the role (every member may view). Two variants know guests:
 *
 * - `{ guests: true }` admits a request without a session as null; a member still needs the role.
 * - `{ order: true }` guards the order of the path's `id`: admits members of its account with the role, and callers
 *   with the order's capability. The capability's right to cancel ends with the order; its right to read ends later. An
 *   order of another account is `not_found`.
 */
export function requireAccount(role: Role): Guard<SignedIn>;
export function requireAccount(role: Role, variant: { guests: true }): Guard<SignedIn | null>;
export function requireAccount(role: Role, variant: { order: true }): Guard<OrderCaller>;
export function requireAccount(
  role: Role,
  variant: { guests?: true; order?: true } = {},
): Guard<SignedIn | null | OrderCaller> {
  if (variant.guests) {
    return {
      security: ['session'],
      optional: true,
      problems: ['not_allowed', 'csrf_mismatch'],
      admit: async ({ session }) => session && requireRole(session, role),
    };
  }
  if (variant.order) {
    return {
      security: ['capability', 'session'],
      problems: ['not_signed_in', 'not_allowed', 'csrf_mismatch', 'not_found'],
      admit: (facts) => admitToOrder(facts, role),
    };
  }
  return {
    security: ['session'],
    optional: false,
    problems: ['not_signed_in', 'not_allowed', 'csrf_mismatch'],
    async admit({ session }) {
      if (!session) throw new ReasonError('not_signed_in');
      return requireRole(session, role);
    },
  };
}

async function admitToOrder(facts: ApiFacts & RequestParams, role: Role): Promise<OrderCaller> {
  const { request, params, session, deps, formToken } = facts;
  const id = params.id ?? '';
  const capability = capabilityIn(request, { deps, orderId: id, formToken });
  if (!capability && !session) throw new ReasonError('not_signed_in');
  const order = await deps.store.orders.find(id);
  const isOfAccount = order !== null && order.accountId === session?.account._id;
  if (order && capability && opensOrder(order, capability)) {
    // A member of the account may read for ever, also by an old link.
    if (!isOfAccount) requireLivingCapability(order, deps);
    if (hasLivingCapability(order, deps)) return { order, actor: `guest:${order._id}` };
  }
  if (!order || !session || order.accountId !== session.account._id) throw new ReasonError('not_found');
  if (formToken !== undefined && !sameText(formToken, session.csrfToken)) throw new ReasonError('csrf_mismatch');
  requireRole(session, role);
  return { order, actor: `member:${session.member._id}` };
}

function requireRole(session: SignedIn, role: Role): SignedIn {
  if (role !== 'viewer' && !session.member.roles.includes(role)) {
    throw new ReasonError('not_allowed', `this needs the role ${role}`);
  }
  return session;
}
