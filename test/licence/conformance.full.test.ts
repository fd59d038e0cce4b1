import { expect, test } from '@jest/globals';
import { runScenarios, seatsNeeded } from '../../src/licence/conformance/kit.ts';
import { scenarios } from '../../src/licence/conformance/scenarios/all.ts';
import { defaultIssuer } from '../../src/licence/protocol/verdict.ts';
import { product, startLicenceWorld } from './support/licence-server.ts';

test('a server with its limits as they come meets every scenario of the kit, which waits where they ask for it', async () => {
  const world = await startLicenceWorld({});
  try {
    await world.putPlan('KIT', { limits: { devices: 10, users: null } });
    const { licenseId, licenseKey } = await world.issue({ plan: 'KIT', seats: seatsNeeded });
    const target = { serverUrl: world.url(), product, licenseKey, version: '1.0.0', issuer: defaultIssuer, fetch };
    const { results, seatsLeft } = await runScenarios(target, scenarios);
    expect(results.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    expect(seatsLeft).toBe(0);
    expect((await world.view(licenseId)).seats.production.used).toBe(0);
  } finally {
    await world.stop();
  }
}, 600_000);
