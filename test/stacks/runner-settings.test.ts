import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cloudSecretSources, cloudSecrets } from '../../src/stacks/cloud-secrets.ts';
import { createReporter } from '../../src/stacks/runner/reporter.ts';
import { takeSettings } from '../../src/stacks/runner/settings.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freehold-secrets-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const needed = {
  PULUMI_ROOT: '/engine',
  PULUMI_BACKEND_URL: 'postgres://states:of%2Fthe-backend@db/states',
  PULUMI_HOME: '/home',
  MONGODB_URI: 'mongodb://freehold:of-the-database@db',
  LICENCE_SERVER_URL: 'http://licence',
  LICENCE_ADMIN_TOKEN: 'token-of-the-licence-server',
  FREEHOLD_PUBLIC_URL: 'http://api',
};
const secretsOf = (env: NodeJS.ProcessEnv) => takeSettings({ HOME: folder, ...needed, ...env }).secrets;

describe("the runner's secrets", () => {
  test.each(Object.values(cloudSecretSources).flatMap(({ variables }) => variables))('%s', (name) => {
    const secret = `value of ${name}`;
    expect(secretsOf({ [name]: secret })).toContain(secret);
    expect(createReporter(secretsOf({ [name]: secret })).clean(`error: ${secret}!`)).toBe('error: [secret]!');
  });

  test.each(Object.values(cloudSecretSources).flatMap(({ files }) => files.map(({ variable }) => variable)))(
    'the file that %s names',
    async (variable) => {
      const path = join(folder, variable);
      await writeFile(path, `secret in ${variable}\n`);
      expect(secretsOf({ [variable]: path })).toContain(`secret in ${variable}`);
    },
  );

  test('those of the backend, the database and the licence server', () => {
    const secrets = secretsOf({ PULUMI_CONFIG_PASSPHRASE: 'passphrase', PGPASSWORD: 'of-postgres' });
    for (const secret of [
      'of/the-backend',
      needed.MONGODB_URI,
      needed.LICENCE_ADMIN_TOKEN,
      'passphrase',
      'of-postgres',
    ]) {
      expect(secrets).toContain(secret);
    }
  });

  test('a password that is no proper percent code stops nobody', () => {
    expect(secretsOf({ PULUMI_BACKEND_URL: 'postgres://states:100%sure@db/states' })).toContain('100%sure');
  });

  test('of ~/.aws/credentials, without being told where it is', async () => {
    await mkdir(join(folder, '.aws'), { recursive: true });
    const text = '[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = ofTheDefaultProfile\n';
    await writeFile(join(folder, '.aws', 'credentials'), text);
    const secrets = secretsOf({});
    expect(secrets).toContain('ofTheDefaultProfile');
    // Operators need the id of a key to find it.
    expect(secrets).not.toContain('AKIAEXAMPLE');
    await rm(join(folder, '.aws'), { recursive: true });
  });

  test('every line of a private key inside of a key document, however it is written down', () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      ...{ modulusLength: 2_048, publicKeyEncoding: { type: 'spki', format: 'pem' } },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const document = JSON.stringify({ type: 'service_account', client_email: 'a@b.example', private_key: privateKey });
    const reporter = createReporter(secretsOf({ GOOGLE_CREDENTIALS: document }));
    const lines = privateKey.split('\n').filter((line) => line.length >= 8 && !line.startsWith('-'));
    expect(lines.length).toBeGreaterThan(10);
    for (const reported of [document, privateKey, lines[3]!]) {
      const clean = reporter.clean(reported);
      for (const line of lines) expect(clean).not.toContain(line);
    }
    expect(reporter.clean(document)).toContain('a@b.example');
  });

  test('no text that is too short to be one, and none where nothing is configured', () => {
    expect(cloudSecrets({ HOME: folder, DIGITALOCEAN_TOKEN: 'short' })).toEqual(new Set());
    expect(cloudSecrets({ HOME: folder })).toEqual(new Set());
  });

  test('are taken out of the environment that children inherit, where they are the own ones', () => {
    const env: NodeJS.ProcessEnv = { HOME: folder, ...needed, AWS_SECRET_ACCESS_KEY: 'for-the-provider' };
    takeSettings(env);
    expect(env).not.toHaveProperty('MONGODB_URI');
    expect(env).toHaveProperty('AWS_SECRET_ACCESS_KEY');
  });
});
