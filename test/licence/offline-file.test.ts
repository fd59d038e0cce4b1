import { expect, test } from '@jest/globals';
import { OfflineFileClaims, offlineFileType } from '../../src/licence/protocol/offline-file.ts';
import { verdictType } from '../../src/licence/protocol/verdict.ts';

const claims: OfflineFileClaims = {
  iss: 'urn:freehold:licence',
  aud: 'freehold-server',
  sub: 'off_0123456789abcdef',
  jti: 'off_0123456789abcdef',
  iat: 1_900_000_000,
  exp: 1_900_086_400,
  cluster: 'plant-7',
  seats: 3,
  mode: 'production',
  lic: {
    id: 'lic_0123456789abcdef',
    kind: 'subscription',
    status: 'ACTIVE',
    plan: 'MAKER',
    planRev: 1,
    periodEnd: null,
    updatesUntil: null,
  },
  versions: null,
  limits: {},
  features: {},
  enforcement: 'readonly',
};

test('an offline file never passes for a verdict', () => {
  expect(offlineFileType).not.toBe(verdictType);
});

test('the claims of an offline file name exactly one of cluster and machine', () => {
  const { cluster: _, ...unbound } = claims;
  expect(OfflineFileClaims.parse(claims)).toEqual(claims);
  expect(OfflineFileClaims.safeParse({ ...unbound, fingerprint: 'tpm-1' }).success).toBe(true);
  expect(OfflineFileClaims.safeParse(unbound).success).toBe(false);
  expect(OfflineFileClaims.safeParse({ ...claims, fingerprint: 'tpm-1' }).success).toBe(false);
});
