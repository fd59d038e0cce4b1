import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { parse } from 'yaml';
import { HostContract, HostHealth, hostPorts } from '../../../src/contracts/host-contract.ts';
import { ReasonError } from '../../../src/contracts/reasons.ts';
import { HostVariables } from '../../../src/stacks/cloud-init/host-setup.ts';
import { dataDeviceName, type MachineCloud, machines, userDataSize } from '../../../src/stacks/cloud-init/machine.ts';
import { readUserData } from '../../../src/stacks/cloud-init/read-user-data.ts';
import { contractOf, documentOf, hostVariables, setupOf } from './hosts.ts';

const clouds = Object.keys(machines) as MachineCloud[];
const schemaFile = join(import.meta.dirname, 'fixtures', 'schema-cloud-config-v1.json.gz');
const { $schema: _draft, ...schema } = JSON.parse(gunzipSync(readFileSync(schemaFile)).toString());
const fits = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
const contentOf = (text: string, path: string) => readUserData(text).get(path)!.content;

/** The reason code of a failing call. */
function reasonOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof ReasonError) return `${error.code}: ${error.detail}`;
    throw error;
  }
  return 'it did not fail';
}

describe('the document', () => {
  test.each(clouds)('for %s fits the schema of cloud-init and the size that the cloud takes', (cloud) => {
    const text = documentOf({ cloud });
    expect(text.startsWith('#cloud-config\n')).toBe(true);
    fits(parse(text, { version: '1.1' }));
    expect(fits.errors ?? []).toEqual([]);
    expect(userDataSize(cloud, text)).toBeLessThanOrEqual(machines[cloud].userDataLimit);
  });

  test.each([
    ['a file without a path', { write_files: [{ content: 'x' }] }],
    ['a command that is no text', { runcmd: [[{ a: 1 }]] }],
    ['a number instead of users', { users: 3 }],
  ])('the schema refuses %s', (_what, document) => {
    expect(fits(document)).toBe(false);
  });

  test('uses no key that the schema does not know', () => {
    const known = new Set(
      Object.values(schema.$defs as Record<string, { properties?: object }>).flatMap(({ properties }) =>
        Object.keys(properties ?? {}),
      ),
    );
    expect(Object.keys(parse(documentOf(), { version: '1.1' })).filter((key) => !known.has(key))).toEqual([]);
  });

  test('is the same for the same input, and writes the contract for root alone', () => {
    expect(documentOf()).toBe(documentOf());
    const { content, permissions } = readUserData(documentOf()).get('/etc/freehold/contract.json')!;
    expect(permissions).toBe('0600');
    expect(HostContract.parse(JSON.parse(content))).toEqual(contractOf());
  });

  test('lets nobody in by SSH, and gives nobody a shell or a password', () => {
    const document = parse(documentOf(), { version: '1.1' });
    expect(document.bootcmd).toEqual([expect.arrayContaining(['mask', '--now', 'ssh.service', 'ssh.socket'])]);
    expect(document).toMatchObject({ disable_root: true, ssh_pwauth: false });
    expect(document.users).toEqual([expect.objectContaining({ lock_passwd: true, shell: '/usr/sbin/nologin' })]);
    expect(Object.keys(document)).not.toEqual(expect.arrayContaining(['chpasswd', 'password', 'ssh_authorized_keys']));
  });

  test('enables each unit that is to start at a boot, and every unit runs only what is there', () => {
    const files = readUserData(documentOf());
    const { runcmd } = parse(documentOf(), { version: '1.1' });
    const units = [...files].filter(([path]) => /^\/etc\/systemd\/system\/[^/]+$/.test(path));
    const started = units.filter(([, { content }]) => content.includes('[Install]'));
    expect(started.length).toBeGreaterThan(4);
    expect(runcmd.at(-1).slice(4).sort()).toEqual(started.map(([path]) => path.split('/').pop()).sort());
    const scripts = units.flatMap(([, { content }]) => [...content.matchAll(/=(\/usr\/local\/[^ \n]+)/g)]);
    expect(scripts.length).toBeGreaterThan(5);
    for (const [, path] of scripts) expect(files.get(path!)).toMatchObject({ permissions: '0755' });
  });

  test('keeps certificates and data of the product on the data volume, and starts neither before it is mounted', () => {
    const files = readUserData(documentOf());
    for (const unit of ['freehold-tls.service', 'freehold-server.service']) {
      const { content } = files.get(`/etc/systemd/system/${unit}`)!;
      expect(content).toMatch(/^Requires=freehold-data\.service/m);
      expect(content).toMatch(/^After=freehold-data\.service/m);
      expect(content).toMatch(/--volume \/var\/lib\/freehold\/(tls|product):\/data/);
    }
  });

  test('looks for the data volume where the stack attaches it, and lets the world in by ports that the firewalls open', () => {
    const environment = contentOf(documentOf({ cloud: 'gcp' }), '/etc/freehold/host.env');
    expect(environment).toContain(`FREEHOLD_DATA_DEVICES="/dev/disk/by-id/google-${dataDeviceName}"\n`);
    const caddyfile = contentOf(documentOf(), '/etc/freehold/Caddyfile');
    const [http, https] = [/http_port (\d+)/, /https_port (\d+)/].map((pattern) => Number(pattern.exec(caddyfile)![1]));
    const open = hostPorts.map(({ port, protocol }) => `${port}/${protocol}`);
    expect(open).toEqual(expect.arrayContaining([`${http}/tcp`, `${https}/tcp`, `${https}/udp`]));
  });

  test('names every image by its digest, that of the product by the digest of its version', () => {
    const environment = contentOf(documentOf(), '/etc/freehold/host.env');
    expect(environment).toContain(`FREEHOLD_IMAGE="images.example.org/freehold/server@sha256:${'0a'.repeat(32)}"\n`);
    const next = documentOf({ contract: contractOf({ productVersion: '1.1.0' }) });
    expect(contentOf(next, '/etc/freehold/host.env')).toContain(`server@sha256:${'0b'.repeat(32)}"\n`);
    const images = [...environment.matchAll(/^\w+_IMAGE="(.+)"$|^FREEHOLD_IMAGE="(.+)"$/gm)].map((found) => found[0]);
    expect(images).toHaveLength(2);
    for (const image of images) expect(image).toMatch(/="[^:@]+@sha256:[0-9a-f]{64}"$/);
    expect(reasonOf(() => documentOf({ contract: contractOf({ productVersion: '2.0.0' }) }))).toBe(
      'host_setup_invalid: FREEHOLD_HOST_IMAGE_DIGESTS has no version 2.0.0',
    );
  });

  test('restarts for upgrades at night, each node at a minute of its own', () => {
    const times = ['node-1', 'node-2', 'node-3'].map((nodeName) =>
      contentOf(documentOf({ contract: contractOf({ nodeName }) }), '/etc/apt/apt.conf.d/53freehold-reboot'),
    );
    for (const time of times) expect(time).toMatch(/^Unattended-Upgrade::Automatic-Reboot-Time "0[2-4]:[0-5]\d";\n$/);
    expect(new Set(times).size).toBe(3);
  });

  test('keeps every container away from the metadata service where that is not the resolver too', () => {
    const files = readUserData(documentOf());
    const containers = [...files].filter(([, { content }]) => content.includes('podman run')).map(([path]) => path);
    expect(containers.length).toBeGreaterThan(1);
    for (const path of containers.map((unit) => `${unit}.d/metadata.conf`)) {
      for (const cloud of clouds.filter((name) => name !== 'gcp')) {
        expect(contentOf(documentOf({ cloud }), path)).toContain('IPAddressDeny=169.254.169.254/32\n');
      }
      expect(readUserData(documentOf({ cloud: 'gcp' })).has(path)).toBe(false);
    }
  });
});

describe('the size', () => {
  const many = (count: number) =>
    contractOf({ hostnames: Array.from({ length: count }, (_, index) => `domain-number-${index}.example.org`) });

  test('packs the files where the text would be too large, and says the same', () => {
    const [small, large] = [documentOf({ contract: many(1) }), documentOf({ contract: many(100) })];
    expect([small, large].map((text) => text.includes('gz+b64'))).toEqual([false, true]);
    expect(userDataSize('aws', large)).toBeLessThanOrEqual(16_384);
    fits(parse(large, { version: '1.1' }));
    expect(fits.errors ?? []).toEqual([]);
    expect(JSON.parse(contentOf(large, '/etc/freehold/contract.json'))).toEqual(many(100));
    expect(contentOf(large, '/usr/local/lib/freehold/mount-data')).toBe(
      contentOf(small, '/usr/local/lib/freehold/mount-data'),
    );
  });

  test('what does not fit even packed is refused', () => {
    const noise = Array.from(
      { length: 400 },
      (_, index) => `${Buffer.from(`${index ** 7}`).toString('hex')}.example.org`,
    );
    expect(reasonOf(() => documentOf({ contract: contractOf({ hostnames: noise }) }))).toMatch(
      /^host_setup_invalid: user data of more than 16384 bytes/,
    );
    expect(reasonOf(() => documentOf({ cloud: 'gcp', contract: contractOf({ hostnames: noise }) }))).toMatch(
      /not fail/,
    );
  });

  test('Azure counts base64', () => {
    expect(userDataSize('azure', 'abcd')).toBe(8);
    expect(userDataSize('aws', 'ä')).toBe(2);
  });
});

describe('what comes from outside', () => {
  /** Texts that are special to YAML, shells, systemd, Caddy. */
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom(
      ...[
        '$(reboot)',
        '`reboot`',
        "'; reboot; '",
        '"\n- reboot',
        '\n#cloud-config\nruncmd: [reboot]',
        'yes',
        '1:30',
        '~',
      ],
      ...['{$HOME}', '%n', '$IFS', '\u0000', '\u0085\u2028\ufeff', '\ud800', '<<: *a', '!!python/object:os.system'],
    ),
  );

  test('stands in the contract as it is, and nowhere else', () => {
    const structure = shapeOf(documentOf());
    fc.assert(
      fc.property(nasty, nasty, nasty, nasty, (plan, nodeName, enrollmentToken, kid) => {
        const { licence } = contractOf();
        const contract = contractOf({
          ...{ plan, nodeName },
          licence: { ...licence, enrollmentToken, publicKeys: { keys: [{ kid }] } },
        });
        const text = documentOf({ contract });
        expect(JSON.parse(contentOf(text, '/etc/freehold/contract.json'))).toEqual(contract);
        expect(text).toMatch(/^[\x20-\x7e\n\t]*$/);
        expect(shapeOf(text)).toEqual(structure);
      }),
    );
  });

  /** A document without the parts that depend on the node: everything that is executed on the machine. */
  function shapeOf(text: string) {
    const { write_files: _files, ...rest } = parse(text, { version: '1.1' });
    const files = readUserData(text);
    for (const path of ['/etc/freehold/contract.json', '/etc/apt/apt.conf.d/53freehold-reboot']) files.delete(path);
    return { rest, files: [...files] };
  }

  test('is refused where it would have to be quoted', () => {
    const names = [
      'a b.example.org',
      'a"b.example.org',
      'example',
      '{$HOME}.example.org',
      'ä.example.org',
      '-a.example.org',
    ];
    for (const hostname of [...names, 'a.example.org\n', '', `${'a'.repeat(64)}.example.org`]) {
      expect(reasonOf(() => documentOf({ contract: contractOf({ hostnames: [hostname] }) }))).toBe(
        'host_setup_invalid: cannot be written to a Caddyfile or unit: hostnames.0',
      );
    }
    for (const productVersion of ['', '1.0 ', '$(reboot)', '-1', '1"', '1\n', 'a'.repeat(129)]) {
      expect(reasonOf(() => documentOf({ contract: contractOf({ productVersion }) }))).toBe(
        'host_setup_invalid: cannot be written to a Caddyfile or unit: productVersion',
      );
    }
  });

  test.each([
    ['FREEHOLD_HOST_IMAGE', 'a b'],
    ['FREEHOLD_HOST_IMAGE', '$(reboot)'],
    ['FREEHOLD_HOST_IMAGE_DIGESTS', '1.0.0'],
    ['FREEHOLD_HOST_IMAGE_DIGESTS', '1.0.0=latest'],
    ['FREEHOLD_HOST_IMAGE_DIGESTS', `1.0.0=sha256:${'0A'.repeat(32)}`],
    ['FREEHOLD_HOST_IMAGE_DIGESTS', `1.0.0=sha256:${'0a'.repeat(31)}`],
    ['FREEHOLD_TLS_IMAGE', 'docker.io/library/caddy:2.11.9'],
    ['FREEHOLD_TLS_IMAGE', '--privileged'],
    ['FREEHOLD_TLS_IMAGE', 'a"'],
    ['ACME_EMAIL', 'nobody'],
    ['ACME_EMAIL', '{$HOME}@example.org'],
    ['ACME_DIRECTORY', 'http://ca.example.org/directory'],
    ['ACME_DIRECTORY', 'https://ca.example.org/a"b'],
    ['ACME_TEST_DIRECTORY', 'https://ca.example.org/?{env.HOME}'],
    ['ACME_FALLBACK_EAB_KEY_ID', 'a b'],
    ['ACME_FALLBACK_EAB_KEY_ID', 'a`b'],
    ['ACME_FALLBACK_EAB_KEY', 'not base64url at all'],
  ])('%s is not taken as %j', (name, value) => {
    const { success, error } = HostVariables.safeParse({ ...hostVariables, [name]: value });
    expect(success).toBe(false);
    expect(error!.issues[0]!.path).toEqual([name]);
  });

  test('whatever is taken as configuration leaves the document as it is', () => {
    const structure = Object.keys(parse(documentOf(), { version: '1.1' }));
    const keyId = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(keyId, (ACME_FALLBACK_EAB_KEY_ID) => {
        const variables = { ...hostVariables, ACME_FALLBACK_EAB_KEY_ID };
        fc.pre(HostVariables.safeParse(variables).success);
        const text = documentOf({ setup: setupOf(variables) });
        expect(Object.keys(parse(text, { version: '1.1' }))).toEqual(structure);
        expect(contentOf(text, '/etc/freehold/Caddyfile')).toContain(`\t\teab "${ACME_FALLBACK_EAB_KEY_ID}" "`);
      }),
    );
  });
});

describe('the configuration', () => {
  test('names what is missing, and repeats no value', () => {
    const { ACME_EMAIL: _email, FREEHOLD_HOST_IMAGE: _image, ...rest } = hostVariables;
    expect(reasonOf(() => setupOf(rest))).toBe('host_setup_invalid: not set: FREEHOLD_HOST_IMAGE, ACME_EMAIL');
    expect(reasonOf(() => setupOf({ ...hostVariables, ACME_EAB_KEY_ID: 'kid' }))).toMatch(/has half of a binding$/);
  });

  test('asks Let’s Encrypt first, with its test directory, and another authority with a binding second', () => {
    expect(setupOf().authorities).toEqual([
      {
        directory: 'https://acme-v02.api.letsencrypt.org/directory',
        testDirectory: 'https://acme-staging-v02.api.letsencrypt.org/directory',
      },
      {
        directory: 'https://acme.zerossl.com/v2/DV90',
        binding: { keyId: hostVariables.ACME_FALLBACK_EAB_KEY_ID, key: hostVariables.ACME_FALLBACK_EAB_KEY },
      },
    ]);
    const other = setupOf({ ...hostVariables, ACME_DIRECTORY: 'https://ca.example.org/directory' });
    expect(other.authorities[0]).toEqual({ directory: 'https://ca.example.org/directory' });
  });

  test('the document has nothing secret of ours but the enrolment token and the binding', () => {
    const text = documentOf();
    expect(text).toContain('enrolment-token-of-the-test');
    expect(text).toContain(hostVariables.ACME_FALLBACK_EAB_KEY);
    expect(text).not.toMatch(/FH-|AKIA|secret_access|LICENCE_ADMIN_TOKEN|MONGODB_URI|PULUMI/);
  });
});

describe('the scripts', () => {
  const scripts = [...readUserData(documentOf())].filter(([path]) => path.startsWith('/usr/local/lib/freehold/'));

  test.each(scripts)('%s is a script that sh can read', (_path, { content }) => {
    expect(spawnSync('sh', ['-n'], { input: content, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  test('report-phase answers as /healthz does', () => {
    const scriptPath = join(
      import.meta.dirname,
      '../../../src/stacks/cloud-init/files/usr/local/lib/freehold/report-phase',
    );
    const environment = contentOf(documentOf(), '/etc/freehold/host.env');
    const script = `set -a\n${environment}FREEHOLD_RUN_FOLDER=$(mktemp -d); FREEHOLD_CONSOLE=/dev/null
      sh "$1" awaiting-volume >&2 && cat "$FREEHOLD_RUN_FOLDER/phase.json" && rm -r "$FREEHOLD_RUN_FOLDER"`;
    const { stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', scriptPath], { encoding: 'utf8' });
    expect(stderr).toBe('freehold: awaiting-volume\n');
    expect(HostHealth.parse(JSON.parse(stdout))).toEqual({
      ...{ status: 'starting', instanceId: contractOf().instanceId, version: '1.0.0' },
      ...{ licence: { state: 'NONE', revision: 0 }, phase: 'awaiting-volume' },
    });
  });
});
