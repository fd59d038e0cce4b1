import { generateKeyPairSync } from 'node:crypto';
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import type { AccountRole } from '../../../src/licence/protocol/account.ts';

/** A fake account service: its own key, and tokens of any members that the test names. */
export function createAccountService(issuer = 'https://accounts.test', kid = 'acc-1') {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const publicKeys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'EdDSA' }] };
  return {
    issuer,
    publicKeys,
    /** A token as the account service makes it, with the given changes. */
    token(
      { account, role = 'admin', sub = 'mem_1' }: { account: string; role?: AccountRole | AccountRole[]; sub?: string },
      claims: JWTPayload = {},
      header: Partial<JWTHeaderParameters> = {},
    ): Promise<string> {
      const iat = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: issuer, aud: 'licence', sub, account, role, iat, exp: iat + 300, ...claims })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid, ...header })
        .sign(privateKey);
    },
  };
}
