import { describe, expect, test } from '@jest/globals';
import { awsErrorTexts } from '../../emulators/clouds/aws/error-texts.ts';
import { gcpErrorTexts } from '../../emulators/clouds/gcp/error-texts.ts';
import type { ReasonCode } from '../../src/contracts/reasons.ts';
import { awsReasonOf } from '../../src/stacks/aws/errors.ts';
import { azureReasonOf } from '../../src/stacks/azure/errors.ts';
import { digitaloceanReasonOf } from '../../src/stacks/digitalocean/errors.ts';
import { gcpReasonOf } from '../../src/stacks/gcp/errors.ts';
import { textsOf } from '../../src/texts/texts.ts';
import { type ErrorText, errorTexts } from './error-texts.ts';

const { reasons: reasonTexts } = textsOf('en');

const reasonOf: Record<ErrorText['cloud'], (message: string) => ReasonCode | null> = {
  aws: awsReasonOf,
  digitalocean: digitaloceanReasonOf,
  gcp: gcpReasonOf,
  azure: azureReasonOf,
};
const clouds = Object.keys(reasonOf) as ErrorText['cloud'][];
const needed: readonly ReasonCode[] = [
  'cloud_quota',
  'cloud_capacity',
  'cloud_rate_limited',
  'cloud_credentials_expired',
  'cloud_name_conflict',
  'cloud_permission_missing',
];

test.each(errorTexts)('$cloud: $reason ($source)', ({ cloud, reason, text }) => {
  expect(reasonOf[cloud](text)).toBe(reason);
});

describe.each(clouds)('%s', (cloud) => {
  test('every reason is recognised in words that the cloud has really used', () => {
    const known = new Set(errorTexts.filter((each) => each.cloud === cloud).map(({ reason }) => reason));
    expect([...known].sort()).toEqual([...needed].sort());
  });

  test('what it has never said stands for nothing', () => {
    expect(reasonOf[cloud]('something nobody has heard of yet went wrong')).toBeNull();
  });
});

const doubles = {
  aws: { words: awsErrorTexts, type: 'aws:ec2/instance:Instance', zone: 'eu-west-1a' },
  gcp: { words: gcpErrorTexts, type: 'gcp:compute/instance:Instance', zone: 'europe-west1-b' },
} as const;

describe.each(Object.entries(doubles))(
  'the double of %s speaks so that it is understood',
  (cloud, { words, ...about }) => {
    test.each([
      ['quota', 'cloud_quota'],
      ['capacity', 'cloud_capacity'],
      ['throttled', 'cloud_rate_limited'],
      ['expired', 'cloud_credentials_expired'],
      ['denied', 'cloud_permission_missing'],
      ['unavailable', 'cloud_unavailable'],
    ] as const)('%s', (fault, reason) => {
      expect(reasonOf[cloud as keyof typeof doubles](words.scripted[fault](about))).toBe(reason);
    });
  },
);

test('what is told to customers names neither cloud nor code, says what is charged, and who acts', () => {
  for (const code of needed) {
    const { customer } = reasonTexts[code];
    expect(customer).not.toMatch(/aws|azure|google|digitalocean|quota|permission|credential/i);
    expect(customer).toMatch(/charged|paid back/);
    expect(customer).toMatch(/[Ww]e /);
  }
});
