import { z } from 'zod';
import { Email } from '../email.ts';
import { AccountId, InstanceId, InvitationId, MemberId, OrderId } from '../ids.ts';
import { InstanceStatus, OrderState } from '../states.ts';
import { Role } from './account.ts';
import { SecretText, Time } from './common.ts';

const Roles = z.array(Role).min(1).max(Role.options.length);

export const InvitationRequest = z.strictObject({ email: Email, roles: Roles }).meta({ id: 'InvitationRequest' });

export const RolesRequest = z.strictObject({ roles: Roles }).meta({ id: 'RolesRequest' });

/** An invitation that has not been accepted yet. */
export const Invitation = z
  .strictObject({
    id: InvitationId,
    email: Email,
    roles: z.array(Role),
    /** The member who sent it last; they may have left since. */
    invitedBy: MemberId,
    createdAt: Time,
    expiresAt: Time,
    expired: z.boolean(),
  })
  .meta({ id: 'Invitation' });

export const AcceptInvitationRequest = z
  .strictObject({
    /** The `key` of the link in the newest e-mail. */
    token: SecretText,
  })
  .meta({ id: 'AcceptInvitationRequest' });

/** What closing the account would end and retain, and what still prevents it. */
export const AccountClosing = z
  .strictObject({
    canClose: z.boolean(),
    /** Servers that have to be terminated first, and orders that have to end. */
    blockedBy: z.strictObject({
      instances: z.array(z.strictObject({ id: InstanceId, hostname: z.string(), status: InstanceStatus })),
      orders: z.array(z.strictObject({ id: OrderId, hostname: z.string(), state: OrderState })),
    }),
    ends: z.strictObject({ members: z.number().int(), invitations: z.number().int() }),
    /** What the law requires us to retain: orders with their billing details, and with them the invoices. */
    keeps: z.strictObject({ orders: z.number().int() }),
  })
  .meta({ id: 'AccountClosing' });

export const CloseAccountRequest = z
  .strictObject({
    /** E-mail address of the account, typed again as confirmation. */
    confirm: z.string().max(254),
  })
  .meta({ id: 'CloseAccountRequest' });

export const ClosedAccount = z
  .strictObject({ id: AccountId, closedAt: Time, keeps: z.strictObject({ orders: z.number().int() }) })
  .meta({ id: 'ClosedAccount' });
