import { expect, test } from '@jest/globals';
import { openSmokeFolder } from './smoke-world.ts';

/** A run is no success where a cloud that was named did not run. */

test('without credentials every cloud is skipped, loudly, and the exit code is no success', async () => {
  const smoke = await openSmokeFolder();
  try {
    const { code, summary, shown } = await smoke.run('aws', 'digitalocean');
    expect(code).toBe(3);
    expect(summary).toMatchObject({ ok: false, remembered: [] });
    for (const each of summary!.clouds) {
      expect(each).toMatchObject({ result: 'skipped', simulated: false, instanceId: null, checks: [] });
    }
    expect(shown).toContain('║ SKIPPED aws: no credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,');
    expect(shown).toContain('║ SKIPPED digitalocean: no credentials (DIGITALOCEAN_TOKEN)');
  } finally {
    await smoke.remove();
  }
}, 120_000);

test('wrong usage is told with the usage, and nothing is looked at', async () => {
  const smoke = await openSmokeFolder();
  try {
    const { code, shown, summary } = await smoke.run('nowhere');
    expect({ code, summary }).toEqual({ code: 2, summary: undefined });
    expect(shown).toContain('nowhere is not a billed cloud');
    expect(shown).toContain('usage: npm run smoke');
  } finally {
    await smoke.remove();
  }
}, 120_000);
