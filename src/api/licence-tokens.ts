import { SignJWT } from 'jose';
import type { LicenceTokenClaims } from '../contracts/licence-token.ts';
import { now } from '../runtime/clock.ts';
import type { ApiDeps, LicenceTokens } from './deps.ts';
import { parseAccountKeys, signingKeys } from './keys/account-keys.ts';

/** The issuer of licence tokens; every api process with the same keys is the same issuer. */
export async function createLicenceTokens(config: ApiDeps['config']): Promise<LicenceTokens> {
  const { kid, key, publicKeys } = await signingKeys(parseAccountKeys(config.FREEHOLD_ACCOUNT_KEYS));
  return {
    publicKeys,
    async issue({ account, member }) {
      const iat = Math.floor(now() / 1_000);
      const exp = iat + Math.floor(config.FREEHOLD_LICENCE_TOKEN_MS / 1_000);
      const [only, ...others] = member.roles;
      const claims: LicenceTokenClaims = {
        ...{ iss: config.FREEHOLD_PUBLIC_URL, aud: 'licence', sub: member._id, account: account._id, iat, exp },
        role: only && others.length === 0 ? only : member.roles,
      };
      const token = await new SignJWT({ ...claims }).setProtectedHeader({ alg: 'EdDSA', kid, typ: 'JWT' }).sign(key);
      return { token, expiresAt: new Date(exp * 1_000) };
    },
  };
}
