import { z } from 'zod';

/**
 * Signed statements about the keys that sign verdicts and offline files, published beside them. Both are compact JWS
 * with EdDSA (Ed25519) over a `KeyStatement`.
 *
 * - An endorsement is signed by another key of the server: whoever trusts that one may trust the endorsed one.
 * - A revocation is signed by the revoked key itself, so whoever knows the key can verify it and nobody else can revoke
 *   it. It says that the key is in wrong hands: nothing that it signed counts, whenever that was.
 */
export const endorsementType = 'lic-key+jws';
export const revocationType = 'lic-key-revoked+jws';

export const KeyStatement = z.object({
  iat: z.int(),
  /** The key that the statement is about. */
  jwk: z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), kid: z.string() }),
});
export type KeyStatement = z.infer<typeof KeyStatement>;
