import { expect, test } from '@jest/globals';
import { type CloudReport, emptyReport } from '../../src/contracts/clouds.ts';
import { textsOf } from '../../src/texts/texts.ts';
import { notedWorkflows, operatorToken, useApi } from '../support/api.ts';

const { reasons: reasonTexts } = textsOf('en');

const reports: CloudReport[] = [
  { ...emptyReport('local', 'ready', null), credentials: 'LOCAL_CLOUD_TOKEN', identity: 'the small cloud' },
  emptyReport('aws', 'refused', { reason: 'cloud_credentials_expired', detail: 'ExpiredToken' }),
];
let found: CloudReport[] | null = null;
const { workflows, calls } = notedWorkflows({ cloudCheckReport: async () => found });
const api = useApi({ workflows });
const headers = { authorization: `Bearer ${operatorToken}` };

test('an operator has every cloud of the catalogue looked at, and reads what was found with costs and margins', async () => {
  const begun = await api.call('POST', '/v1/operator/clouds/check', { headers });
  expect([begun.status, begun.body]).toMatchObject([202, { done: false, clouds: null }]);
  const clouds = ['digitalocean', 'aws', 'gcp', 'azure', 'local'];
  expect(calls.at(-1)).toEqual({ call: 'startCloudCheck', args: [begun.body.id, clouds] });
  expect(await api.store.audit.of(begun.body.id)).toMatchObject([{ action: 'check-clouds' }]);

  const path = `/v1/operator/clouds/check/${begun.body.id}`;
  expect((await api.call('GET', path, { headers })).body).toMatchObject({ done: false });
  found = reports;
  const { body } = await api.call('GET', path, { headers });
  const [local, aws] = body.clouds;
  expect(local).toMatchObject({ ...{ cloud: 'local', enabled: true, state: 'ready', plans: [] }, problem: null });
  const { operator: meaning, next } = reasonTexts.cloud_credentials_expired;
  expect(aws).toMatchObject({
    ...{ title: 'Amazon Web Services', enabled: false },
    problem: { reason: 'cloud_credentials_expired', detail: 'ExpiredToken', meaning, next },
  });
  expect(aws.plans).toHaveLength(5);
  expect(aws.plans[0]).toMatchObject({ plan: 'MAKER', nodes: 1, size: 't3.small', price: 4_500, currency: 'USD' });
  for (const { costCents, margin, price } of aws.plans) expect(costCents + margin).toBe(price);
});

test('nobody else comes in', async () => {
  expect((await api.call('POST', '/v1/operator/clouds/check')).status).toBe(401);
  expect((await api.call('GET', '/v1/operator/clouds/check/chk_0000000000000000')).status).toBe(401);
});
