import { z } from 'zod';

/** GET /v1/admin/signing-keys, and the answer of a roll. */
export const SigningKeyList = z.object({
  keys: z.array(
    z.object({
      kid: z.string(),
      state: z.enum(['current', 'next', 'retired']),
      /** Since when clients can fetch it; null = from before dates were recorded. */
      publishedAt: z.string().nullable(),
      /** For the next key: from when it may sign. */
      usableFrom: z.string().nullable(),
      retiredAt: z.string().nullable(),
      /** For a retired key: until when it is published; null = for ever. */
      publishedUntil: z.string().nullable(),
    }),
  ),
  /** Keys that were rolled as compromised: their revocations are published for good. */
  revoked: z.array(z.object({ kid: z.string(), revokedAt: z.string() })),
});
export type SigningKeyList = z.infer<typeof SigningKeyList>;

/** POST /v1/admin/signing-keys/roll: makes the next key sign. Naming it makes the call safe to repeat. */
export const RollSigningKeys = z.strictObject({
  to: z.string().min(1).max(128),
  /**
   * The current key has leaked: roll at once, stop publishing it and publish its revocation. Everything it signed
   * becomes invalid: nodes get a new verdict at their next check, offline files must be issued again.
   */
  compromised: z.boolean().default(false),
});
export type RollSigningKeys = z.infer<typeof RollSigningKeys>;
