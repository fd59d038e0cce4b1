import { z } from 'zod';
import { Role } from './api/account.ts';

/** Audience of the tokens by which a member of an account speaks to the licence server. */
export const licenceAudience = 'licence';

/** Longest life of such a token, ms: within this time a member who was removed loses what the token gives. */
export const licenceTokenMaxMs = 300_000;

/**
 * Claims of a licence token, a JWT signed with EdDSA by a key of the issuer's JWKS (`/.well-known/jwks.json` of the api).
 * `iss` is the issuer's address. One role is a text, several are a list: roles do not contain each other, a payer is no
 * administrator.
 */
export const LicenceTokenClaims = z.object({
  iss: z.string(),
  aud: z.literal(licenceAudience),
  /** The member; audit entries name it. */
  sub: z.string().min(1).max(100),
  /** The account whose licences these are. */
  account: z.string().min(1).max(100),
  role: z.union([Role, z.array(Role).min(1).max(Role.options.length)]),
  /** Seconds since the epoch. */
  iat: z.number().int(),
  exp: z.number().int(),
});
export type LicenceTokenClaims = z.infer<typeof LicenceTokenClaims>;
