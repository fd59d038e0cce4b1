import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { nowDate } from '../../../runtime/clock.ts';
import {
  AccountClaims,
  type AccountRole,
  accountTokenAlgorithm,
  accountTokenAudience,
  accountTokenType,
} from '../../protocol/account.ts';
import { Refusal } from '../refusal.ts';
import type { Settings } from '../settings.ts';

/** A member of an account, as the account service vouches for them. */
export interface Member {
  account: string;
  roles: readonly AccountRole[];
  /** Name in the audit log: `member:<id>`. */
  actor: string;
}

export interface AccountTokens {
  /** Throws ACCOUNT_UNAUTHORIZED; SERVICE_UNAVAILABLE if the keys of the account service cannot be fetched. */
  verify(token: string): Promise<Member>;
}

/** How far the clocks of account service and licence server may differ. */
const clockToleranceSec = 5;

const JsonWebKeys = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), d: z.never('holds a private key').optional() })),
});

/** Verifies tokens of the configured account service; without one every token is refused. */
export async function createAccountTokens(accounts: Settings['accounts']): Promise<AccountTokens> {
  if (accounts === null) {
    return {
      async verify() {
        throw new Refusal('ACCOUNT_UNAUTHORIZED', 'No account service is configured here.');
      },
    };
  }
  const { issuer, tokenMaxMs } = accounts;
  const keyOf = await keySource(accounts);
  return {
    async verify(token) {
      const payload = await jwtVerify(token, keyOf, {
        algorithms: [accountTokenAlgorithm],
        typ: accountTokenType,
        issuer,
        audience: accountTokenAudience,
        requiredClaims: ['sub', 'account', 'role', 'iat', 'exp'],
        maxTokenAge: Math.floor(tokenMaxMs / 1000),
        clockTolerance: clockToleranceSec,
        currentDate: nowDate(),
      }).then((verified) => verified.payload, refuse);
      const claims = AccountClaims.safeParse(payload);
      if (!claims.success) throw new Refusal('ACCOUNT_UNAUTHORIZED', 'The token lacks required claims.');
      const { sub, account, role } = claims.data;
      return { account, roles: [role].flat(), actor: `member:${sub}` };
    },
  };
}

async function keySource(accounts: NonNullable<Settings['accounts']>): Promise<JWTVerifyGetKey> {
  const { url, file, json } = accounts;
  if (url) return createRemoteJWKSet(new URL(url), { timeoutDuration: 5000, cooldownDuration: 5000 });
  const text = json || (await readFile(file as string, 'utf8'));
  const keys = JsonWebKeys.safeParse(jsonOf(text));
  if (!keys.success) {
    throw new Error(`The public keys of the account service are not usable: ${z.prettifyError(keys.error)}`);
  }
  return createLocalJWKSet(keys.data);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('The public keys of the account service are not JSON.', { cause: error });
  }
}

/** Faults of the token are the caller's, all with the same text; missing keys are ours. */
function refuse(error: unknown): never {
  if (error instanceof errors.JWTExpired) throw new Refusal('ACCOUNT_UNAUTHORIZED', 'The token has expired.');
  const isFaultOfToken =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    // What the remote key set throws for an answer that is not 200 or not JSON.
    error.code !== 'ERR_JOSE_GENERIC';
  if (isFaultOfToken) throw new Refusal('ACCOUNT_UNAUTHORIZED');
  const refusal = new Refusal('SERVICE_UNAVAILABLE', 'The account service does not answer.', { retryAfterSec: 5 });
  refusal.cause = error;
  throw refusal;
}
