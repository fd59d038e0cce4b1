import { expect, test } from '@jest/globals';
import { cloudCheckView } from '../../src/api/views/cloud-view.ts';
import { cloudsText } from '../../src/cli/print-clouds.ts';
import { type CloudReport, emptyReport } from '../../src/contracts/clouds.ts';
import { catalogue } from '../../src/domain/catalogue/catalogue-data.ts';
import { exchangeRate } from '../../src/domain/catalogue/cloud-costs-data.ts';
import { installedCatalogue } from '../../src/domain/catalogue/installed-catalogue.ts';
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
    // Nothing is sold there, so it has no prices.
    ...{ title: 'Amazon Web Services', enabled: false, plans: [] },
    problem: { reason: 'cloud_credentials_expired', detail: 'ExpiredToken', meaning, next },
  });
});

test('the plans that are sold there come with both currencies and the dated exchange rate between them', () => {
  const sold = installedCatalogue(catalogue, { clouds: ['aws'], simulated: [] });
  const { clouds } = cloudCheckView('chk_0000000000000000', [emptyReport('aws', 'ready', null)], sold);
  const { plans } = clouds![0]!;
  expect(plans.map(({ plan, nodes }) => `${plan} ${nodes}`)).toEqual(['MAKER 1', 'GROW 1', 'STARTUP 1', 'BUSINESS 1']);
  for (const { costCents, convertedCents, exchange, margin, price, ...rest } of plans) {
    expect(rest).toMatchObject({
      currency: 'USD',
      priceCurrency: 'EUR',
      asOf: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    });
    expect(exchange).toEqual(exchangeRate);
    expect(convertedCents).toBe(Math.round(costCents / exchange.rate));
    expect(convertedCents + margin).toBe(price);
  }
  const text = cloudsText(clouds!);
  expect(text).toMatch(/COSTS, USD +COSTS, EUR/);
  expect(text).toMatch(/PRICE, EUR/);
  expect(text).toMatch(/List prices in USD as of 2\d{3}-\d\d-\d\d; compare them with https:/);
  expect(text).toMatch(/One EUR counts as [\d.]+ USD, the rate of 2\d{3}-\d\d-\d\d from https:/);
});

test('nobody else comes in', async () => {
  expect((await api.call('POST', '/v1/operator/clouds/check')).status).toBe(401);
  expect((await api.call('GET', '/v1/operator/clouds/check/chk_0000000000000000')).status).toBe(401);
});
