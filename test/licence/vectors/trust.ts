import { type KeyObject, sign } from 'node:crypto';
import { trustedKeys } from '../../../src/licence/client/trust.ts';
import { endorsementType, revocationType } from '../../../src/licence/protocol/key-statements.ts';
import type { LicenceKeys } from '../../../src/licence/protocol/verdict.ts';
import { keysFile, kids, signingKey, signingKeys } from './keys.ts';
import type { TrustVector } from './shape.ts';

const iat = Date.parse('2030-01-01T00:00:00.000Z') / 1000;
const third = { kid: 'test-key-3', key: signingKeys.stranger };
const first = { kid: kids.first, key: signingKeys.first };
const second = { kid: kids.second, key: signingKeys.second };

type Key = { kid: string; key: KeyObject };

function jwkOf({ kid, key }: Key) {
  const { kty, crv, x } = key.export({ format: 'jwk' });
  return { kty: String(kty), crv: String(crv), x: String(x), kid };
}

function statement(about: Key, by: Key, typ: string): string {
  const packed = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${packed({ alg: 'EdDSA', kid: by.kid, typ })}.${packed({ iat, jwk: jwkOf(about) })}`;
  return `${input}.${sign(null, Buffer.from(input), by.key).toString('base64url')}`;
}

const published = (...keys: Key[]): LicenceKeys => ({ keys: keys.map(jwkOf) });
const endorsed = (about: Key, by: Key) => statement(about, by, endorsementType);
const revoked = (key: Key, by = key) => statement(key, by, revocationType);

const endorsements = [endorsed(second, first)];
export const serverKeys = keysFile([signingKey('first', 'current'), signingKey('second', 'next')], endorsements);
export const serverKeysAfterRoll = keysFile(
  [signingKey('second', 'current'), signingKey('first', 'retired')],
  endorsements,
);

/** Which keys a client trusts. */
export async function trustVectors(): Promise<TrustVector[]> {
  const installed = published(first);
  const chain = { ...published(third), endorsements: [endorsed(third, second), endorsed(second, first)] };
  return Promise.all([
    vector('Without keys of the installation those of the server count.', null, published(second)),
    vector('With them, what is only published does not count.', installed, published(first, third)),
    vector('One endorsement leads to the next, in any order.', installed, chain),
    vector('An endorsement by a stranger, or by the key itself, says nothing.', installed, {
      ...published(third),
      endorsements: [endorsed(third, third), endorsed(second, { ...third, kid: kids.first })],
    }),
    vector('An endorsement cannot replace a key of the installation.', installed, {
      ...published(third),
      endorsements: [endorsed({ ...third, kid: kids.first }, first)],
    }),
    vector('A revoked key does not count, nor what it endorsed.', installed, {
      ...chain,
      revocations: [revoked(second)],
    }),
    vector('A key of the installation can be revoked.', published(first, second), {
      ...published(second),
      revocations: [revoked(first)],
    }),
    vector('Only the key itself can revoke it; an endorsement is no revocation.', installed, {
      ...published(first),
      revocations: [revoked(first, { ...third, kid: kids.first }), endorsed(first, first)],
    }),
    vector('Without keys of the installation, too.', null, {
      ...published(first, second),
      revocations: [revoked(first)],
    }),
  ]);
}

async function vector(about: string, installed: LicenceKeys | null, learned: LicenceKeys): Promise<TrustVector> {
  const { keys } = await trustedKeys(installed, learned);
  return { about, installed, learned, trusted: keys.map(({ kid }) => String(kid)).sort() };
}
