import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Platform } from '../src/embedded/platform.ts';
import { monotonic } from '../src/runtime/clock.ts';
import { sessionMembers } from '../src/stacks/processes.ts';
import type { ProcessFact } from './evidence.ts';
import type { PassingName } from './processes.ts';

/**
 * The processes of this machine that belong to one platform: their command or environment contains its state folder.
 */

interface Row {
  pid: number;
  parent: number;
  command: string;
}

const roleOf: readonly [PassingName, RegExp][] = [
  ['runner', /\/stacks\/runner\/main\.ts/],
  ['provider', /\/stacks\/local\/provider\/main\.ts|pulumi-resource-/],
  ['pulumi', /(^|\/)pulumi /],
];

function allRows(): (Row & { environment: string })[] {
  if (!existsSync('/proc/self/environ')) {
    // Without /proc the environment of other processes cannot be read; only those with the folder in their command are
    // found.
    const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' });
    return text.split('\n').flatMap((line) => {
      const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command, environment: '' }];
    });
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (fields[0] === 'Z' || fields[0] === 'X') return [];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
        return [{ pid: Number(name), parent: Number(fields[1]), command, environment }];
      } catch {
        // It ended between the two reads, or belongs to another user.
        return [];
      }
    });
}

/** Every live process of the platform on `stateDir`, without this one. */
export function processesOf(stateDir: string): Row[] {
  return allRows()
    .filter(({ pid, command, environment }) => {
      return pid !== process.pid && (command.includes(stateDir) || environment.includes(`${stateDir}/`));
    })
    .map(({ pid, parent, command }) => ({ pid, parent, command }));
}

/** How long a runner that waits for the next operation may take to load and to prove its passphrase. */
const warmUpMs = 20_000;
const warmUpPollMs = 100;

/** Each of them with its role, once no idle runner asks the engine's command any more. */
export async function processFacts(platform: Platform): Promise<ProcessFact[]> {
  const until = monotonic() + warmUpMs;
  for (;;) {
    const facts = factsNow(platform);
    const isWarmingUp = facts.some(({ role }) => role === 'runner' || role === 'pulumi');
    if (!isWarmingUp || monotonic() > until) return facts;
    await delay(warmUpPollMs);
  }
}

function factsNow(platform: Platform): ProcessFact[] {
  const own = new Set(platform.processes.map(({ pid }) => pid));
  const rows = processesOf(platform.stateDir);
  const provision = platform.process('provision').pid;
  return rows.map(({ pid, parent, command }): ProcessFact => {
    if (own.has(pid) || command.includes('cat >/dev/null; exec') || /^cat$/.test(command)) {
      return { pid, role: 'supervised', command };
    }
    const passing = roleOf.find(([, shape]) => shape.test(command))?.[0];
    if (passing === 'runner' && parent === provision && sessionMembers(pid).length === 1) {
      return { pid, role: 'idle-runner', command };
    }
    if (passing) return { pid, role: passing, command };
    return { pid, role: /\/src\/host\/main\.ts/.test(command) ? 'host' : 'other', command };
  });
}

/**
 * A process that exists only while a stack is built or removed: that of the operation on this instance's stack, or the
 * last of its kind; undefined if there is none now.
 */
export function findPassing(platform: Platform, name: PassingName, instanceId?: string): number | undefined {
  const rows = processesOf(platform.stateDir);
  const is = (row: Row | undefined, role: PassingName) =>
    row !== undefined && roleOf.find(([, shape]) => shape.test(row.command))?.[0] === role;
  if (instanceId === undefined) {
    const own = rows.filter((row) => is(row, name));
    return own.findLast(({ pid }) => name !== 'runner' || sessionMembers(pid).length > 1)?.pid;
  }
  // Only the CLI has the stack in its arguments; the others are in its session.
  const cli = rows.find((row) => is(row, 'pulumi') && row.command.includes(`inst-${instanceId}`));
  let leader = cli;
  while (leader && !is(leader, 'runner')) leader = rows.find(({ pid }) => pid === leader?.parent);
  if (!leader) return undefined;
  const members = sessionMembers(leader.pid);
  return rows.find((row) => is(row, name) && members.includes(row.pid))?.pid;
}
