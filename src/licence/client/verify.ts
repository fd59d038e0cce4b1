import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyOptions, jwtVerify } from 'jose';
import { type LicenceKeys, VerdictClaims, verdictAlgorithm, verdictType } from '../protocol/verdict.ts';

export interface Expected {
  issuer: string;
  product: string;
  /** What the verdict must answer; absent for a verdict from the state file, whose age the grace rules judge. */
  fresh?: { activationId: string; requestId: string; nonce: string; now: number };
}

export type Verified =
  | { ok: true; claims: VerdictClaims; kid: string }
  | { ok: false; why: string; unknownKey: boolean };

/** How far a local clock may be off before a fresh verdict counts as expired, in seconds. */
const clockToleranceSec = 300;

/**
 * Checks signature (Ed25519 only), type, issuer, audience and, for a fresh verdict, that it answers this very request
 * (`sub`, `jti`, `nonce`) and has not expired.
 */
export async function verifyVerdict(jws: string, keys: LicenceKeys, expected: Expected): Promise<Verified> {
  const { fresh } = expected;
  const options: JWTVerifyOptions = {
    algorithms: [verdictAlgorithm],
    typ: verdictType,
    issuer: expected.issuer,
    audience: expected.product,
    requiredClaims: ['sub', 'jti', 'iat', 'exp'],
    clockTolerance: clockToleranceSec,
    currentDate: new Date(fresh?.now ?? 0),
  };
  let payload: unknown;
  let kid: string | undefined;
  try {
    ({
      payload,
      protectedHeader: { kid },
    } = await jwtVerify(jws, createLocalJWKSet(keys as JSONWebKeySet), options));
  } catch (error) {
    // Any other error comes from the published key, not from the verdict.
    const why = error instanceof errors.JOSEError ? error.code : 'KEY_UNUSABLE';
    return { ok: false, why, unknownKey: error instanceof errors.JWKSNoMatchingKey };
  }
  const claims = VerdictClaims.safeParse(payload);
  if (!claims.success) return { ok: false, why: 'CLAIMS', unknownKey: false };
  const { sub, jti, nonce, iat, exp } = claims.data;
  const answers =
    fresh === undefined || (sub === fresh.activationId && jti === fresh.requestId && nonce === fresh.nonce);
  if (!answers || exp <= iat) return { ok: false, why: answers ? 'EXPIRED' : 'REPLAYED', unknownKey: false };
  return { ok: true, claims: claims.data, kid: String(kid) };
}
