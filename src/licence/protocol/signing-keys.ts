import { z } from 'zod';

/** GET /v1/admin/signing-keys, and the answer of a roll. */
export const SigningKeyList = z.object({
  keys: z.array(
    z.object({
      kid: z.string(),
      state: z.enum(['current', 'next', 'retired']),
      /** Since when clients can fetch it; null = from before there were dates. */
      publishedAt: z.string().nullable(),
      /** For the next key: from when on it may sign. */
      usableFrom: z.string().nullable(),
      retiredAt: z.string().nullable(),
      /** For a retired key: until when it is published; null = without an end. */
      publishedUntil: z.string().nullable(),
    }),
  ),
});
export type SigningKeyList = z.infer<typeof SigningKeyList>;

/** POST /v1/admin/signing-keys/roll: lets the next key sign. Naming it makes the call safe to repeat. */
export const RollSigningKeys = z.strictObject({
  to: z.string().min(1).max(128),
  /**
   * The current key is in wrong hands: roll at once and publish it no more. All that it signed is worthless then: nodes
   * are in grace until their next check, offline files must be issued anew.
   */
  compromised: z.boolean().default(false),
});
export type RollSigningKeys = z.infer<typeof RollSigningKeys>;
