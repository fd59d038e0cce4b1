import { z } from 'zod';
import { Time } from './common.ts';

/** The token that a signed-in member sends to the licence server as `Authorization: Bearer`. */
export const LicenceToken = z
  .strictObject({ token: z.string(), expiresAt: Time, licenceServer: z.url() })
  .meta({ id: 'LicenceToken' });

/** Public keys of the tokens: the current one, the next one and retired ones. */
export const KeySet = z
  .strictObject({
    keys: z.array(
      z.strictObject({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string(),
        kid: z.string(),
        use: z.literal('sig'),
        alg: z.literal('EdDSA'),
      }),
    ),
  })
  .meta({ id: 'KeySet', description: 'JSON Web Key Set (RFC 7517).' });
