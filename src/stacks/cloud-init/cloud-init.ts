import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { HostContract } from '../../contracts/host-contract.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { caddyfile } from './caddyfile.ts';
import type { HostSetup } from './host-setup.ts';
import { type MachineCloud, machines, userDataSize } from './machine.ts';

export interface CloudInitInput {
  cloud: MachineCloud;
  contract: HostContract;
  setup: HostSetup;
  /** Caddy's public ports, and the product's loopback port. */
  ports?: { http: number; https: number; product: number };
}

/** A file on the machine, owned by root. */
interface HostFile {
  content: string;
  permissions: '0600' | '0644' | '0755';
}

const folder = join(import.meta.dirname, 'files');
const scripts = '/usr/local/lib/freehold/';

/** Scripts and units, the same on every host: `host.env` contains what differs. */
const fixedFiles: ReadonlyMap<string, string> = new Map(
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [`/${relative(folder, path).split(sep).join('/')}`, readFileSync(path, 'utf8')]),
);

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';

/** The fields of a contract that appear in a Caddyfile or a unit, where more characters are special than in JSON. */
const Spelled = z.object({
  hostnames: z.array(
    z
      .string()
      .toLowerCase()
      .max(253)
      .regex(new RegExp(`^(${label}\\.)+${label}$`)),
  ),
  /** Written into the environment of the units. */
  productVersion: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/),
});

/**
 * The user data of one node on a cloud: a `#cloud-config` document that turns a plain Debian or Ubuntu image into the
 * host of the contract. The same input gives the same text. It contains no licence key and no cloud credential.
 *
 * Everything runs in systemd units, so after an interrupted boot the next one does what is left to do; cloud-init
 * itself only writes the files and enables the units. Files are compressed if the text would otherwise be too large for
 * the cloud. Throws `host_setup_invalid`.
 */
export function cloudInit(input: CloudInitInput): string {
  const { cloud } = input;
  const files = filesOf(input);
  const { userDataLimit } = machines[cloud];
  for (const pack of [plain, packed]) {
    const text = documentOf(files, pack);
    if (userDataSize(cloud, text) <= userDataLimit) return text;
  }
  throw new ReasonError('host_setup_invalid', `user data of more than ${userDataLimit} bytes, which ${cloud} refuses`);
}

function documentOf(files: ReadonlyMap<string, HostFile>, pack: (file: HostFile) => object): string {
  const document = {
    // Nobody signs in to a host: no daemon, no password, and a user without a shell instead of the image's default one.
    bootcmd: [['systemctl', 'mask', '--now', '--no-block', 'ssh.service', 'ssh.socket', 'sshd.service']],
    users: [{ name: 'freehold', system: true, no_create_home: true, lock_passwd: true, shell: '/usr/sbin/nologin' }],
    disable_root: true,
    ssh_pwauth: false,
    write_files: [...files].map(([path, file]) => ({ path, permissions: file.permissions, ...pack(file) })),
    runcmd: [
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', '--now', '--no-block', ...units],
    ],
  };
  // cloud-init reads YAML 1.1.
  return `#cloud-config\n${stringify(document, { version: '1.1', lineWidth: 0 })}`;
}

const unitFolder = '/etc/systemd/system/';

/** The units started at boot; the others are started by one of them. */
const units = [...fixedFiles]
  .filter(([path, content]) => path.startsWith(unitFolder) && content.includes('[Install]'))
  .map(([path]) => path.slice(unitFolder.length));

const plain = ({ content }: HostFile) => ({ content });
const packed = ({ content }: HostFile) => ({
  encoding: 'gz+b64',
  content: gzipSync(content, { level: 9 }).toString('base64'),
});

function filesOf({ cloud, contract, setup, ports }: CloudInitInput): Map<string, HostFile> {
  const { http, https, product } = ports ?? { http: 80, https: 443, product: 8080 };
  const spelled = Spelled.safeParse(contract);
  if (!spelled.success) {
    const fields = new Set(spelled.error.issues.map(({ path }) => path.join('.')));
    throw new ReasonError('host_setup_invalid', `cannot be written to a Caddyfile or unit: ${[...fields].join(', ')}`);
  }
  const { hostnames, productVersion } = spelled.data;
  const environment = {
    FREEHOLD_INSTANCE: contract.instanceId,
    FREEHOLD_VERSION: productVersion,
    FREEHOLD_IMAGE: productImageOf(setup, productVersion),
    FREEHOLD_TLS_IMAGE: setup.tlsImage,
    FREEHOLD_PORT: String(product),
    FREEHOLD_DATA_DEVICES: machines[cloud].dataDevices.join(' '),
  };
  const { email, authorities } = setup;
  const ways = { hostnames, email, authorities, productPort: product, ports: { http, https } };
  return new Map<string, HostFile>([
    ['/etc/freehold/contract.json', { content: asciiJson(contract), permissions: '0600' }],
    ['/etc/freehold/Caddyfile', { content: caddyfile(ways), permissions: '0600' }],
    ['/etc/freehold/host.env', { content: environmentFile(environment), permissions: '0644' }],
    ...[...fixedFiles].map(([path, content]): [string, HostFile] => [
      path,
      { content, permissions: path.startsWith(scripts) ? '0755' : '0644' },
    ]),
    ['/etc/apt/apt.conf.d/53freehold-reboot', { content: rebootTime(contract), permissions: '0644' }],
    ...denyMetadata(machines[cloud].metadataAddresses),
  ]);
}

/** The image of a product version, by digest: what runs on a host is what was released under that version. */
function productImageOf({ productImage, productDigests }: HostSetup, version: string): string {
  const digest = productDigests.get(version);
  if (!digest) throw new ReasonError('host_setup_invalid', `FREEHOLD_HOST_IMAGE_DIGESTS has no version ${version}`);
  return `${productImage}@${digest}`;
}

/** JSON in printable ASCII only, which every YAML parser accepts as it is. */
function asciiJson(value: unknown): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value).replace(/[^\x20-\x7e]/g, escaped)}\n`;
}

function environmentFile(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}="${value}"\n`)
    .join('');
}

/** Between 02:00 and 04:59 UTC, at a different minute for each node, so that a fleet does not restart at once. */
function rebootTime({ instanceId, nodeName }: HostContract): string {
  const minute = createHash('sha256').update(`${instanceId}/${nodeName}`).digest().readUInt32BE() % 180;
  const two = (number: number) => String(number).padStart(2, '0');
  const time = `${two(2 + Math.floor(minute / 60))}:${two(minute % 60)}`;
  return `Unattended-Upgrade::Automatic-Reboot-Time "${time}";\n`;
}

/**
 * Neither container has access to the metadata service, which holds the machine's identity and this document: the
 * product connects to addresses that others configure, and Caddy reads what anybody sends.
 */
function denyMetadata(addresses: readonly string[]): [string, HostFile][] {
  if (addresses.length === 0) return [];
  const content = `[Service]\n${addresses.map((address) => `IPAddressDeny=${address}\n`).join('')}`;
  return containerUnits.map((unit) => [
    `${unitFolder}${unit}.service.d/metadata.conf`,
    { content, permissions: '0644' },
  ]);
}

/** The units that run a container. */
const containerUnits = [...fixedFiles]
  .filter(([path, content]) => path.startsWith(unitFolder) && content.includes('/podman run '))
  .map(([path]) => path.slice(unitFolder.length).replace(/\.service$/, ''));
