import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The plain Pulumi CLI on a copy of the stacks: `stack ls --all`, `stack export --stack inst-…` and the like show what
 * is there, and no command can change it. The CLI gets neither the passphrase nor the credentials of any cloud, and the
 * copy is removed when it ends. Works with a backend in a folder; for another one, credentials that may only read do
 * the same.
 */
const usage = 2;
const notConfigured = 3;

/** By default the state of the platform that was started in this folder. */
const platform = resolve(process.env.FREEHOLD_STATE_DIR || '.freehold');
const address = process.env.PULUMI_BACKEND_URL || `file://${join(platform, 'pulumi', 'state')}`;
process.exitCode = await look(process.argv.slice(2));

async function look(args: string[]): Promise<number> {
  if (args.length === 0) return refuse('Which command of pulumi? For instance: stack ls --all', usage);
  if (!address.startsWith('file://')) {
    return refuse(
      'The state is not in a folder. Run the pulumi CLI with read-only credentials for its backend.',
      notConfigured,
    );
  }
  const state = join(fileURLToPath(address.split('?')[0]!), '.pulumi');
  if (!existsSync(state)) return refuse(`There are no stacks at ${address}.`, notConfigured);
  const folder = mkdtempSync(join(tmpdir(), 'freehold-look-'));
  try {
    // Locks are the engine's own business, and a copy needs no backups.
    const wanted = (path: string) => !/[/\\]\.pulumi[/\\](locks|backups)([/\\]|$)/.test(path);
    cpSync(state, join(folder, 'state', '.pulumi'), { recursive: true, filter: wanted });
    copyFileSync(join(import.meta.dirname, '..', 'project', 'Pulumi.yaml'), join(folder, 'Pulumi.yaml'));
    return await run(args, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(args: string[], folder: string): Promise<number> {
  const { PATH, HOME, PULUMI_ROOT, TERM } = process.env;
  const child = spawn(PULUMI_ROOT ? join(PULUMI_ROOT, 'bin', 'pulumi') : 'pulumi', args, {
    cwd: folder,
    stdio: 'inherit',
    env: {
      ...{ PATH, HOME, TERM, PULUMI_HOME: join(folder, 'home'), PULUMI_SKIP_UPDATE_CHECK: 'true' },
      PULUMI_BACKEND_URL: `file://${join(folder, 'state')}?metadata=skip`,
    },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
  });
}

function refuse(sentence: string, code: number): number {
  process.stderr.write(`freehold: ${sentence}\n`);
  return code;
}
