import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import type { ServerKeysFile } from './shape.ts';

/** Seeds of the Ed25519 keys of RFC 8032, section 7.1, tests 1 to 3: publicly known, only for tests. */
const seeds = {
  first: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
  second: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
  stranger: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
};

const pkcs8Prefix = '302e020100300506032b657004220420';

function keyOf(seed: string): KeyObject {
  return createPrivateKey({ key: Buffer.from(pkcs8Prefix + seed, 'hex'), format: 'der', type: 'pkcs8' });
}

export const signingKeys = { first: keyOf(seeds.first), second: keyOf(seeds.second), stranger: keyOf(seeds.stranger) };
export const kids = { first: 'test-key-1', second: 'test-key-2' };

export function signingKey(which: 'first' | 'second', state: 'current' | 'next' | 'retired') {
  const jwk = signingKeys[which].export({ format: 'jwk' }) as ServerKeysFile['signing'][0]['jwk'];
  return { kid: kids[which], state, jwk, publishedAt: '2030-01-01T00:00:00.000Z' };
}

const derived = (purpose: string) => createHash('sha256').update(`test vectors: ${purpose}`).digest('base64url');

export function keysFile(signing: ServerKeysFile['signing'], endorsements: string[]): ServerKeysFile {
  return {
    version: 1,
    signing,
    rotation: { current: 'r1', keys: { r1: derived('rotation') } },
    sealing: { current: 's1', keys: { s1: derived('sealing') } },
    enrolment: derived('enrolment'),
    licenceKey: derived('licence key'),
    pepper: derived('pepper'),
    endorsements,
    revocations: [],
  };
}
