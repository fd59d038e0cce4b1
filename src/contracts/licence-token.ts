import type { Role } from './api/account.ts';

/** Maximum lifetime of a licence token, ms: a removed member loses access within this time. */
export const licenceTokenMaxMs = 300_000;

/**
 * Claims of a licence token, which authenticates a member of an account at the licence server: a JWT signed with
 * EdDSA by a key of the issuer's JWKS (`/.well-known/jwks.json` of the api).
 */
export interface LicenceTokenClaims {
  /** Address of the api. */
  iss: string;
  aud: 'licence';
  /** The member; recorded in audit entries. */
  sub: string;
  /** The account whose licences these are. */
  account: string;
  /** One role as a text, several as a list: roles do not include each other, a payer is no administrator. */
  role: Role | Role[];
  /** Seconds since the epoch. */
  iat: number;
  exp: number;
}
