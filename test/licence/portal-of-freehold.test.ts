import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { PortalInstance, PortalLicences } from '../../src/licence/protocol/portal.ts';
import { testConfig, useApi } from '../support/api.ts';
import { type Browser, found, join } from '../support/members.ts';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';

/** Freehold's api as the account service of the licence portal: its tokens, its published keys, both over HTTP. */

const api = useApi();
let world: LicenceWorld;

beforeAll(async () => {
  world = await startLicenceWorld();
  await world.start({
    LICENCE_ACCOUNT_JWKS: '',
    LICENCE_ACCOUNT_JWKS_URL: `${api.url}/.well-known/jwks.json`,
    LICENCE_ACCOUNT_ISSUER: testConfig().FREEHOLD_PUBLIC_URL,
  });
});
afterAll(() => world?.stop());

async function portalOf(browser: Browser) {
  const { body } = await api.call('POST', '/v1/me/licence-token', { headers: { ...browser } });
  return <T>(method: string, path: string) =>
    world.call<T>(method, `/v1/me${path}`, undefined, { Authorization: `Bearer ${body.token}` });
}

test('L67: a signed-in member reaches the licences of their account and of no other, as far as their roles go', async () => {
  const owner = await found(api);
  const stranger = await found(api);
  const { licenseId, licenseKey } = await world.issue({ account: owner.accountId });
  const { body: node } = await world.activate(licenseKey);

  const portal = await portalOf(owner.browser);
  const { body } = await portal<PortalLicences>('GET', '/licenses');
  expect(body.licenses.map((licence) => licence.licenseId)).toEqual([licenseId]);

  const viewer = await portalOf((await join(api, owner.browser, 'viewer-of-licences@example.com')).browser);
  expect((await viewer('GET', `/licenses/${licenseId}`)).status).toBe(200);
  expect((await viewer('POST', `/instances/${node.instanceId}/deactivate`)).status).toBe(403);

  const other = await portalOf(stranger.browser);
  expect((await other<PortalLicences>('GET', '/licenses')).body.licenses).toEqual([]);
  expect((await other('GET', `/licenses/${licenseId}`)).status).toBe(404);
  expect((await other('POST', `/instances/${node.instanceId}/deactivate`)).status).toBe(404);

  const ended = await portal<PortalInstance>('POST', `/instances/${node.instanceId}/deactivate`);
  expect(ended).toMatchObject({ status: 200, body: { status: 'deactivated' } });
});
