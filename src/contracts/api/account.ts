import { z } from 'zod';
import { Email } from '../email.ts';
import { AccountId, MemberId } from '../ids.ts';
import { SecretText, Time } from './common.ts';

export const Role = z.enum(['payer', 'admin', 'viewer']);
export type Role = z.infer<typeof Role>;

export const SignInCodeRequest = z.strictObject({ email: Email }).meta({ id: 'SignInCodeRequest' });

export const SignInRequest = z
  .strictObject({
    email: Email,
    code: z.string().regex(/^\d{6}$/),
    /** The account that the member selects; when absent their own one, else the oldest. */
    accountId: AccountId.optional(),
  })
  .meta({ id: 'SignInRequest' });

export const Member = z.strictObject({ id: MemberId, email: Email, roles: z.array(Role) }).meta({ id: 'Member' });

/** An account that the signed-in address is a member of. */
const Membership = z.strictObject({ id: AccountId, email: Email, roles: z.array(Role) }).meta({ id: 'Membership' });

export const AccountChoiceRequest = z.strictObject({ accountId: AccountId }).meta({ id: 'AccountChoiceRequest' });

/** The account of the signed-in member. */
export const Me = z
  .strictObject({
    account: z.strictObject({ id: AccountId, email: Email, members: z.array(Member), createdAt: Time }),
    member: Member,
    /** Every account of this address, including this one; `POST /v1/me/account` switches to another. */
    accounts: z.array(Membership),
    /** Sent as `X-CSRF-Token` with every write that the session cookie authenticates. */
    csrfToken: SecretText,
    sessionEndsAt: Time,
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof Me>;
