import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../support/until.ts';

/**
 * The scripts of the data volume, run for real on files instead of disks: mkfs, blkid and e2fsck are real; only what
 * needs a kernel's block devices is faked (lsblk, mount, mountpoint, findmnt, resize2fs).
 */
const scripts = join(import.meta.dirname, '../../../src/stacks/cloud-init/files/usr/local/lib/freehold');
const path = ['/usr/sbin', '/sbin', process.env.PATH].join(':');
const tools = ['mkfs.ext4', 'blkid', 'e2fsck'];
const missing = tools.filter(
  (tool) => spawnSync('sh', ['-c', `command -v ${tool}`], { env: { PATH: path } }).status !== 0,
);
const where = missing.length > 0 ? describe.skip : describe;
const why =
  missing.length > 0 ? `the data volume (not run: this machine has no ${missing.join(', ')})` : 'the data volume';

let scratch: string;
let running: ChildProcess[] = [];
const at = (...names: string[]) => join(scratch, ...names);

const doubles: Record<string, string> = {
  lsblk: `for disk; do :; done; [ ! -e "$disk.kind" ] && echo disk || cat "$disk.kind"`,
  mountpoint: `[ -e ${'"$SCRATCH/mounted"'} ]`,
  mount: `for last; do disk=$target; target=$last; done; echo "$disk" >"$SCRATCH/mounted"; echo "$disk" >>"$SCRATCH/mounts"`,
  findmnt: `cat "$SCRATCH/mounted"`,
  resize2fs: `echo "$1" >>"$SCRATCH/resized"`,
};

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'freehold-volume-'));
  for (const folder of ['dev', 'path', 'run', 'scripts']) mkdirSync(at(folder));
  cpSync(scripts, at('scripts'), { recursive: true });
  for (const [name, text] of Object.entries(doubles)) {
    writeFileSync(at('path', name), `#!/bin/sh\n# a double\n${text}\n`, { mode: 0o755 });
  }
});
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  running = [];
  rmSync(scratch, { recursive: true, force: true });
});

/** Attaches a disk with nothing but zeros. */
function attach(name: string): string {
  writeFileSync(at('dev', name), '');
  truncateSync(at('dev', name), 16 * 1024 * 1024);
  return at('dev', name);
}

/** Boots: the script runs until it has mounted something. */
function start() {
  const child = spawn('sh', [at('scripts', 'mount-data')], {
    env: {
      PATH: `${at('path')}:${path}`,
      SCRATCH: scratch,
      FREEHOLD_DATA_DEVICES: `${at('dev', 'data*')} ${at('dev', 'other')}`,
      FREEHOLD_DATA_FOLDER: at('data'),
      FREEHOLD_RUN_FOLDER: at('run'),
      FREEHOLD_CONSOLE: '/dev/null',
      FREEHOLD_INSTANCE: 'i0123456789abcdef',
      FREEHOLD_VERSION: '1.0.0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  running.push(child);
  return { child, ended: once(child, 'close').then(([code]) => ({ code, phases: phasesIn(output), output })) };
}

const phasesIn = (output: string) => [...output.matchAll(/freehold: (.+)$/gm)].map(([, phase]) => phase);
const phase = () =>
  existsSync(at('run', 'phase.json')) ? JSON.parse(readFileSync(at('run', 'phase.json'), 'utf8')).phase : '';
const untilPhase = (name: string) => until(() => phase() === name, { what: `the phase is ${name}` });
const mounts = () => (existsSync(at('mounts')) ? readFileSync(at('mounts'), 'utf8').trim().split('\n') : []);
const labelOf = (disk: string) =>
  spawnSync('blkid', ['-p', '-s', 'LABEL', '-o', 'value', disk], {
    env: { PATH: path },
    encoding: 'utf8',
  }).stdout.trim();
const uuidOf = (disk: string) =>
  spawnSync('blkid', ['-p', '-s', 'UUID', '-o', 'value', disk], {
    env: { PATH: path },
    encoding: 'utf8',
  }).stdout.trim();
/** Simulates a reboot. */
const shutDown = () => rmSync(at('mounted'));

where(why, () => {
  test('a blank one gets its file system once; reboots mount what is there', async () => {
    const disk = attach('data1');
    expect(await start().ended).toMatchObject({
      code: 0,
      phases: ['making-file-system', 'checking-volume', 'volume-mounted'],
    });
    expect(labelOf(disk)).toBe('freehold-data');
    const uuid = uuidOf(disk);

    // The unit is restarted while it is mounted, then after a reboot.
    expect(await start().ended).toMatchObject({ code: 0, phases: ['volume-mounted'] });
    expect(mounts()).toEqual([disk]);
    shutDown();
    expect(await start().ended).toMatchObject({ code: 0, phases: ['checking-volume', 'volume-mounted'] });
    expect(mounts()).toEqual([disk, disk]);
    expect(uuidOf(disk)).toBe(uuid);
    expect(existsSync(at('data', 'product'))).toBe(true);
    expect(existsSync(at('data', 'tls'))).toBe(true);
  });

  test('is waited for when it is attached late, as with a machine beside the old one', async () => {
    const boot = start();
    await untilPhase('awaiting-volume');
    const disk = attach('data1');
    expect(await boot.ended).toMatchObject({
      code: 0,
      phases: expect.arrayContaining(['awaiting-volume', 'volume-mounted']),
    });
    expect(mounts()).toEqual([disk]);
  });

  test('one with data is never formatted: no signature, bytes behind a gap, another file system, another label', async () => {
    const disks = {
      'raw data': (disk: string) =>
        writeFileSync(disk, Buffer.concat([Buffer.alloc(3_000_000), Buffer.from('data')]), { flag: 'r+' }),
      'another file system': (disk: string) =>
        void execFileSync('mkfs.ext4', ['-q', '-L', 'somebody', disk], { env: { PATH: path } }),
      'a file system without a label': (disk: string) =>
        void execFileSync('mkfs.ext4', ['-q', disk], { env: { PATH: path } }),
      'too short to be read': (disk: string) => truncateSync(disk, 1_000_000),
    };
    for (const [what, fill] of Object.entries(disks)) {
      rmSync(at('run', 'phase.json'), { force: true });
      const disk = attach('data1');
      fill(disk);
      const before = readFileSync(disk);
      const boot = start();
      await untilPhase('volume-is-not-ours');
      boot.child.kill('SIGKILL');
      await boot.ended;
      expect({ what, same: readFileSync(disk).equals(before) }).toEqual({ what, same: true });
    }
    expect(mounts()).toEqual([]);
  });

  test('ours is mounted beside a blank one; of two blank or two of ours none is taken', async () => {
    const [first, second] = [attach('data1'), attach('other')];
    const boot = start();
    await untilPhase('volume-is-ambiguous');
    expect([labelOf(first), labelOf(second)]).toEqual(['', '']);
    rmSync(second);
    expect((await boot.ended).code).toBe(0);
    shutDown();
    attach('data2');
    expect((await start().ended).code).toBe(0);
    expect(mounts()).toEqual([first, first]);
    shutDown();
    rmSync(at('run', 'phase.json'));
    cpSync(first, at('dev', 'data2'));
    start();
    await untilPhase('volume-is-ambiguous');
    expect(mounts()).toHaveLength(2);
  });

  test('a disk with partitions, or one that is in use, is none', async () => {
    for (const kind of ['disk\npart\npart\n', 'disk /\n', 'part\n', 'loop\n']) {
      rmSync(at('run', 'phase.json'), { force: true });
      writeFileSync(`${attach('other')}.kind`, kind);
      const boot = start();
      await untilPhase('awaiting-volume');
      boot.child.kill('SIGKILL');
      await boot.ended;
      expect(labelOf(at('dev', 'other'))).toBe('');
    }
  });

  test('a damaged one is left as it is, and said', async () => {
    const disk = attach('data1');
    expect((await start().ended).code).toBe(0);
    shutDown();
    // The group descriptors; the superblock with the label stays.
    writeFileSync(disk, Buffer.concat([readFileSync(disk).subarray(0, 2048), Buffer.alloc(64 * 1024, 0xff)]), {
      flag: 'r+',
    });
    const boot = start();
    await untilPhase('volume-is-damaged');
    boot.child.kill('SIGKILL');
    await boot.ended;
    expect(mounts()).toEqual([disk]);
    expect(labelOf(disk)).toBe('freehold-data');
  });

  test('the file system follows a volume that has grown', async () => {
    const disk = attach('data1');
    await start().ended;
    expect(readFileSync(at('resized'), 'utf8')).toBe(`${disk}\n`);
  });
});
