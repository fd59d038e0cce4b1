import { z } from 'zod';

/**
 * The token that a member of an account sends to the licence portal (`/v1/me`) as bearer: a JWT signed with EdDSA by
 * the account service, header `typ` "JWT" and `kid`. It is valid for minutes; its issuer knows the members, the licence
 * server knows none.
 */
export const accountTokenType = 'JWT';
export const accountTokenAlgorithm = 'EdDSA';
export const accountTokenAudience = 'licence';

/** viewer reads; admin also decides about nodes and keys; payer also makes changes that cost money. */
export const AccountRole = z.enum(['payer', 'admin', 'viewer']);
export type AccountRole = z.infer<typeof AccountRole>;

/** Reference of an account, chosen by the account service. */
export const AccountRef = z.string().regex(/^[\w:.-]{1,64}$/);

export const AccountClaims = z.object({
  iss: z.string(),
  aud: z.literal(accountTokenAudience),
  /** The member, an id or an e-mail address; named in the audit log. */
  sub: z.string().regex(/^\w[!-~]{0,253}$/),
  account: AccountRef,
  /** One role, or several where a member has them. */
  role: z.union([AccountRole, z.array(AccountRole).min(1)]),
  iat: z.int(),
  exp: z.int(),
});
export type AccountClaims = z.infer<typeof AccountClaims>;
