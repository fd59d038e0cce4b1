import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startProgram, until } from './run-program.ts';

const program = 'test/toolchain/programs/obtain-tool.mjs';
let scratch: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'freehold-tools-'));
  env = { XDG_CACHE_HOME: scratch, BUILDS: join(scratch, 'builds') };
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const builds = () =>
  existsSync(join(scratch, 'builds')) ? readFileSync(join(scratch, 'builds'), 'utf8').trim().split('\n') : [];
const toolFolders = () => readdirSync(join(scratch, 'freehold', 'tools', 'example'));

/** A publisher's site with one archive whose sum is right or wrong. */
async function publisher({ honest }: { honest: boolean }) {
  writeFileSync(join(scratch, 'example'), '#!/bin/sh\necho example 1.2.3\n', { mode: 0o755 });
  execFileSync('tar', ['-czf', join(scratch, 'a.tar.gz'), '-C', scratch, 'example']);
  const archive = readFileSync(join(scratch, 'a.tar.gz'));
  const sum = honest ? createHash('sha256').update(archive).digest('hex') : '0'.repeat(64);
  const server = createServer((request, response) => {
    if (request.url === '/example.tar.gz') response.writeHead(302, { location: '/moved/example.tar.gz' }).end();
    else if (request.url === '/moved/example.tar.gz') response.end(archive);
    else if (request.url === '/sums') response.end(`${'1'.repeat(64)}  other.tar.gz\n${sum}  example.tar.gz\n`);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

describe('fetching a tool', () => {
  test('happens once; the second time it is found in the cache', async () => {
    const first = JSON.parse((await startProgram(program, { env }).ended).stdout);
    const second = JSON.parse((await startProgram(program, { env }).ended).stdout);
    expect(first.path).toBe(second.path);
    expect(second).toMatchObject({ version: '1.2.3', source: 'a registry' });
    expect(builds()).toHaveLength(1);
  });

  test('by two set-ups at the same time is done by one, the other waits for it', async () => {
    const slow = { ...env, SLOW: join(scratch, 'go-on') };
    const one = startProgram(program, { env: slow });
    await until('the first builds', () => builds().length === 1);
    const two = startProgram(program, { env: slow });
    await until('the second waits', () => two.stderr().includes('waiting for another set-up'));
    writeFileSync(slow.SLOW, '');
    expect((await one.ended).code).toBe(0);
    expect((await two.ended).code).toBe(0);
    expect(builds()).toHaveLength(1);
  });

  test('survives a set-up that was killed: the next one takes over and leaves no litter', async () => {
    const killed = startProgram(program, { env: { ...env, SLOW: join(scratch, 'never') } });
    await until('it builds', () => builds().length === 1);
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(toolFolders()).toHaveLength(1);
    expect((await startProgram(program, { env }).ended).code).toBe(0);
    expect(toolFolders()).toEqual([`1.2.3-${process.platform}-${process.arch}`]);
  });

  test('that is interrupted leaves no half tool and no lock', async () => {
    const interrupted = startProgram(program, { env: { ...env, SLOW: join(scratch, 'never') } });
    await until('it builds', () => builds().length === 1);
    interrupted.child.kill('SIGINT');
    const { code, stderr } = await interrupted.ended;
    expect(code).toBe(1);
    expect(stderr).toContain('interrupted, nothing half done is left');
    expect(toolFolders()).toEqual([]);
    expect(readdirSync(join(scratch, 'freehold', 'locks'))).toEqual([]);
  });

  test('that fails names the failure, its last lines and the log', async () => {
    const { code, stderr } = await startProgram(program, { env: { ...env, BROKEN: 'yes' } }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/freehold: The build broke\.\n {2}Its last lines:\n {4}why\n {2}The full log: l\n/);
    expect(toolFolders()).toEqual([]);
  });

  test("takes the publisher's archive where it can be reached and its checksum is right", async () => {
    await using site = await publisher({ honest: true });
    const { stdout } = await startProgram(program, { env: { ...env, PUBLISHER: site.origin } }).ended;
    const { path, source } = JSON.parse(stdout);
    expect(source).toBe(`from ${new URL(site.origin).host}`);
    expect(execFileSync(path, { encoding: 'utf8' })).toBe('example 1.2.3\n');
    expect(builds()).toHaveLength(0);
  });

  test('takes a registry when the checksum is wrong', async () => {
    await using site = await publisher({ honest: false });
    const { stdout } = await startProgram(program, { env: { ...env, PUBLISHER: site.origin } }).ended;
    expect(JSON.parse(stdout).source).toBe('a registry');
  });

  test('takes a registry when the publisher cannot be reached, and remembers that', async () => {
    const PUBLISHER = 'http://127.0.0.1:9';
    const { stdout } = await startProgram(program, { env: { ...env, PUBLISHER } }).ended;
    expect(JSON.parse(stdout).source).toBe('a registry');
    expect(JSON.parse(readFileSync(join(scratch, 'freehold', 'unreachable.json'), 'utf8'))).toHaveProperty([PUBLISHER]);
  });

  test.each([
    ['1.2.3', true],
    ['1.10.0', true],
    ['1.2.2', false],
    ['2.0.0', false],
  ])('takes the one on PATH when it is new enough and no later major version: %s', async (version, taken) => {
    mkdirSync(join(scratch, 'bin'));
    writeFileSync(join(scratch, 'bin', 'example'), `#!/bin/sh\necho example ${version}\n`);
    chmodSync(join(scratch, 'bin', 'example'), 0o755);
    const PATH = `${join(scratch, 'bin')}:${process.env.PATH}`;
    const { stdout } = await startProgram(program, { env: { ...env, PATH } }).ended;
    expect(JSON.parse(stdout).source).toBe(taken ? 'found on PATH' : 'a registry');
  });
});
