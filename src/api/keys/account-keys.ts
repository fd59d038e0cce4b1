import { createHash, generateKeyPairSync } from 'node:crypto';
import { type CryptoKey, importJWK } from 'jose';
import { z } from 'zod';
import type { KeySet } from '../../contracts/api/licence-token.ts';

const Ed25519 = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
});

const AccountKey = z.strictObject({
  kid: z.string().min(1),
  state: z.enum(['current', 'next', 'retired']),
  jwk: Ed25519,
});
type AccountKey = z.infer<typeof AccountKey>;

/** The keys document: one key signs, the next one is already published, retired ones still verify. */
const AccountKeys = z.strictObject({
  version: z.literal(1),
  keys: z
    .array(AccountKey)
    .refine((keys) => keys.filter(({ state }) => state === 'current').length === 1, 'exactly one key is current')
    .refine((keys) => new Set(keys.map(({ kid }) => kid)).size === keys.length, 'each key has a kid of its own'),
});
type AccountKeys = z.infer<typeof AccountKeys>;

/** Parses a keys document; the error names the fault and contains no key. */
export function parseAccountKeys(text: string): AccountKeys {
  const parsed = AccountKeys.safeParse(parseJson(text));
  if (!parsed.success) throw new Error(`The account keys are not usable: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote the document.
    throw new Error('The account keys are not JSON.');
  }
}

/** New keys: one that signs, and the next one, published from the start. */
export function newAccountKeys(): AccountKeys {
  return { version: 1, keys: [newKey('current'), newKey('next')] };
}

/**
 * One step of the rotation: the next key becomes current, the current one retired, the retired one is removed, and a
 * new next key is created.
 */
export function rollAccountKeys({ keys }: AccountKeys): AccountKeys {
  const current = keys.find(({ state }) => state === 'current') as AccountKey;
  const next = keys.find(({ state }) => state === 'next') ?? newKey('next');
  return {
    version: 1,
    keys: [{ ...next, state: 'current' }, newKey('next'), { ...current, state: 'retired' }],
  };
}

function newKey(state: AccountKey['state']): AccountKey {
  const jwk = Ed25519.parse(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }));
  return { kid: `acc-${createHash('sha256').update(jwk.x).digest('hex').slice(0, 12)}`, state, jwk };
}

/** The signing key, and the public keys that verify. */
export interface SigningKeys {
  kid: string;
  key: CryptoKey | Uint8Array;
  publicKeys: z.infer<typeof KeySet>;
}

export async function signingKeys({ keys }: AccountKeys): Promise<SigningKeys> {
  const current = keys.find(({ state }) => state === 'current') as AccountKey;
  return {
    kid: current.kid,
    key: await importJWK(current.jwk, 'EdDSA'),
    publicKeys: {
      keys: keys.map(({ kid, jwk: { kty, crv, x } }) => ({ ...{ kty, crv, x, kid }, use: 'sig', alg: 'EdDSA' })),
    },
  };
}
