import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { licenceExitCodes } from '../../src/licence/client/exit-codes.ts';
import { signingKey } from '../licence/support/fake-server.ts';
import { type LicenceWorld, startLicenceWorld } from '../licence/support/licence-server.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/licence-client.md'), 'utf8');
const product = 'example-product';

/** What stands in the page between the markers of a name. */
function tried(name: string): string {
  const found = new RegExp(`<!-- tried: ${name} -->\\n+\`\`\`\\w*\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1];
  if (found === undefined) throw new Error(`The page shows no ${name}.`);
  return found;
}

let world: LicenceWorld;
/** A product of somebody else: the two folders of the library, and the three packages that the page names. */
let folder: string;

beforeAll(async () => {
  world = await startLicenceWorld();
  folder = await mkdtemp(join(tmpdir(), 'licence-product-'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  for (const part of ['client', 'protocol']) {
    await cp(join(root, 'src/licence', part), join(folder, 'licence', part), { recursive: true });
  }
  await mkdir(join(folder, 'node_modules'));
  for (const name of ['jose', 'zod', 'undici']) {
    await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
});
afterAll(async () => {
  await world.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(file: string, program: string, args: string[], environment: Record<string, string> = {}) {
  await writeFile(join(folder, file), program);
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, out, err };
}

describe('docs/licence-client.md', () => {
  test('its product runs as written, with the library alone, and prints what the page shows', async () => {
    await world.putPlan('TEAM', { limits: { plugins: 2 } }, product);
    const { licenseKey, licenseId } = await world.issue({ product, plan: 'TEAM' });
    const environment = {
      ...{ PRODUCT_LICENCE_SERVER: world.url(), PRODUCT_LICENCE_KEY: licenseKey, PRODUCT_DATA: join(folder, 'data') },
    };
    const { code, out, err } = await run('product.ts', tried('product.ts'), ['--once'], environment);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(tried('output')) });
    expect(err).not.toContain(licenseKey);
    expect((await world.view(licenseId)).seats.production.used).toBe(0);
  });

  test('and ends with the code that the page names where it cannot start', async () => {
    await mkdir(join(folder, 'bad'));
    await writeFile(join(folder, 'bad/licence.json'), 'damaged');
    const environment = { PRODUCT_LICENCE_SERVER: world.url(), PRODUCT_DATA: join(folder, 'bad') };
    expect((await run('product.ts', tried('product.ts'), [], environment)).code).toBe(65);
  });

  test('its node without internet runs as written, but for the paths', async () => {
    const key = signingKey('kid-1');
    const iat = Math.floor(Date.now() / 1000);
    const [sub, enforcement] = ['off_0123456789abcdef', 'readonly'];
    const lic = { id: 'lic_1', kind: 'subscription', status: 'ACTIVE', plan: 'TEAM', planRev: 1 };
    const file = await new SignJWT({
      ...{ iss: 'urn:freehold:licence', aud: product, sub, jti: sub, iat, exp: iat + 86_400, cluster: 'plant-7' },
      ...{ seats: 3, mode: 'production', versions: null, limits: { plugins: 2 }, features: {}, enforcement },
      lic: { ...lic, periodEnd: null, updatesUntil: null },
    })
      .setProtectedHeader({ alg: 'EdDSA', kid: key.kid, typ: 'lic-offline+jws' })
      .sign(key.privateKey);
    await writeFile(join(folder, 'licence.lic'), file);
    await writeFile(join(folder, 'license-keys.json'), JSON.stringify({ keys: [key.jwk] }));
    const program = tried('offline.ts').replaceAll(/\/(etc|var\/lib)\/product\//g, `${folder}/`);
    const { code, out } = await run('offline.ts', program, []);
    expect({ code, out }).toEqual({ code: 0, out: 'OK TEAM { plugins: 2 }\n' });
  });

  test('names every option, every exit code, and the command', () => {
    const types = readFileSync(join(root, 'src/licence/client/types.ts'), 'utf8');
    const options = /export interface LicenceClientOptions \{([\s\S]*?)\n\}/.exec(types)?.[1] ?? '';
    const names = [...options.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name as string);
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
    for (const code of Object.values(licenceExitCodes)) expect(page).toContain(`| ${code}   |`);
    expect(page).toContain('npm run -s licence-conformance -- --server');
  });
});
