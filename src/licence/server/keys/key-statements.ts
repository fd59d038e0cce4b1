import { CompactSign, decodeJwt, decodeProtectedHeader, importJWK, type JWK } from 'jose';
import { endorsementType, KeyStatement, revocationType } from '../../protocol/key-statements.ts';
import { verdictAlgorithm } from '../../protocol/verdict.ts';

/** A signing key, as far as statements need it. */
interface KeyPair {
  kid: string;
  jwk: { kty: 'OKP'; crv: 'Ed25519'; x: string; d: string };
}

/** The published statements about signing keys (protocol/key-statements.ts), each as a compact JWS. */
export interface KeyStatements {
  /** Kept for good, so that a client that knows only an old key finds its way to the current one. */
  endorsements: string[];
  /** Kept for good: clients may know a key for as long as they exist. */
  revocations: string[];
}

/**
 * The statements after the signing keys were replaced: every key that is left endorses each new one, and each key that
 * was dropped as compromised is revoked. What a revoked key has endorsed is no longer published.
 */
export async function statementsAfter(
  held: KeyStatements,
  { signing, added, revoked, at }: { signing: KeyPair[]; added: KeyPair[]; revoked: KeyPair[]; at: Date },
): Promise<KeyStatements> {
  const endorsements = [...held.endorsements];
  for (const key of added) {
    for (const by of signing) if (by !== key) endorsements.push(await stated(key, by, endorsementType, at));
  }
  const revocations = [...held.revocations];
  for (const key of revoked) revocations.push(await stated(key, key, revocationType, at));
  const kids = new Set(revoked.map(({ kid }) => kid));
  return {
    endorsements: endorsements.filter(
      (jws) => !kids.has(String(decodeProtectedHeader(jws).kid)) && !kids.has(subjectOf(jws).jwk.kid),
    ),
    revocations,
  };
}

/** The key that a statement is about, and its time in seconds since the epoch. */
export function subjectOf(jws: string): KeyStatement {
  return KeyStatement.parse(decodeJwt(jws));
}

async function stated({ kid, jwk }: KeyPair, by: KeyPair, typ: string, at: Date): Promise<string> {
  const { kty, crv, x } = jwk;
  const claims: KeyStatement = { iat: Math.floor(at.getTime() / 1000), jwk: { kty, crv, x, kid } };
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: verdictAlgorithm, kid: by.kid, typ })
    .sign(await importJWK(by.jwk as JWK, verdictAlgorithm));
}
