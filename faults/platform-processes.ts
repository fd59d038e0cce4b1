import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Platform } from '../src/embedded/platform.ts';
import { sessionMembers } from '../src/stacks/processes.ts';
import type { ProcessFact } from './evidence.ts';
import type { PassingName } from './processes.ts';

/** A process of one platform: its command or environment contains the platform's state folder. */

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
    // Without /proc the environment cannot be read; processes with the folder in their command are found.
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
        // It has ended since the listing, or belongs to another user.
        return [];
      }
    });
}

/** Every live process of the platform on `stateDir`, except this one. */
export function processesOf(stateDir: string): Row[] {
  return allRows()
    .filter(({ pid, command, environment }) => {
      return pid !== process.pid && (command.includes(stateDir) || environment.includes(`${stateDir}/`));
    })
    .map(({ pid, parent, command }) => ({ pid, parent, command }));
}

/** Each of them with its role. */
export function processFacts(platform: Platform): ProcessFact[] {
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
 * A process that exists only during a stack operation: that of this instance's stack, or the latest of its kind;
 * undefined when there is none.
 */
export function findPassing(platform: Platform, name: PassingName, instanceId?: string): number | undefined {
  const rows = processesOf(platform.stateDir);
  const is = (row: Row | undefined, role: PassingName) =>
    row !== undefined && roleOf.find(([, shape]) => shape.test(row.command))?.[0] === role;
  if (instanceId === undefined) {
    const own = rows.filter((row) => is(row, name));
    return own.findLast(({ pid }) => name !== 'runner' || sessionMembers(pid).length > 1)?.pid;
  }
  // Only the CLI has the stack in its arguments; the others belong to its session.
  const cli = rows.find((row) => is(row, 'pulumi') && row.command.includes(`inst-${instanceId}`));
  let leader = cli;
  while (leader && !is(leader, 'runner')) leader = rows.find(({ pid }) => pid === leader?.parent);
  if (!leader) return undefined;
  const members = sessionMembers(leader.pid);
  return rows.find((row) => is(row, name) && members.includes(row.pid))?.pid;
}
