import type { Role } from './api/account.ts';

/** Longest life of a licence token, ms: within this time a member who was removed loses what the token gives. */
export const licenceTokenMaxMs = 300_000;

/**
 * Claims of a licence token, by which a member of an account speaks to the licence server: a JWT signed with EdDSA by a
 * key of the issuer's JWKS (`/.well-known/jwks.json` of the api).
 */
export interface LicenceTokenClaims {
  /** Address of the api. */
  iss: string;
  aud: 'licence';
  /** The member; audit entries name it. */
  sub: string;
  /** The account whose licences these are. */
  account: string;
  /** One role as a text, several as a list: roles do not contain each other, a payer is no administrator. */
  role: Role | Role[];
  /** Seconds since the epoch. */
  iat: number;
  exp: number;
}
