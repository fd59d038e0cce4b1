import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Facts about processes of this machine: their identity and their session. Read from /proc if it exists, otherwise from
 * `ps` (without sessions: descendants and process group instead).
 */

/** A process that cannot be confused with a later one with the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque; equal only for the same process. */
  startTime: string;
}

interface ProcessRow {
  pid: number;
  parent: number;
  group: number;
  session: number;
  zombie: boolean;
  startTime: string;
}

const hasProc = process.platform === 'linux';

/** Parses /proc/<pid>/stat (proc_pid_stat(5)); the command may contain spaces and parentheses. */
function readProcRow(pid: number): ProcessRow | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    // A killed process is shown as a zombie while its other threads are still ending.
    zombie: (fields[0] === 'Z' || fields[0] === 'X') && Number(fields[17]) <= 1,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTime: fields[19] ?? '',
  };
}

function readProcRows(): ProcessRow[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcRow(Number(name)))
    .filter((row) => row !== null);
}

function readPsRows(): ProcessRow[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,stat=,lstart='], { encoding: 'utf8' });
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 5)
    .map(([pid, parent, group, stat, ...started]) => ({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: 0,
      zombie: stat?.startsWith('Z') ?? false,
      startTime: started.join(' '),
    }));
}

function readRow(pid: number): ProcessRow | null {
  const row = hasProc ? readProcRow(pid) : (readPsRows().find((candidate) => candidate.pid === pid) ?? null);
  return row && !row.zombie ? row : null;
}

/** The identity of a live process, or null when there is none (a zombie is none). */
export function identify(pid: number): ProcessIdentity | null {
  const row = readRow(pid);
  return row ? { pid, startTime: row.startTime } : null;
}

/** Whether exactly this process is still alive. */
export function isAlive(identity: ProcessIdentity): boolean {
  return readRow(identity.pid)?.startTime === identity.startTime;
}

/** Live processes of the session that `leader` started, including the leader while it is alive. */
export function sessionMembers(leader: number): number[] {
  if (hasProc) {
    return readProcRows()
      .filter((row) => row.session === leader && !row.zombie)
      .map((row) => row.pid);
  }
  const rows = readPsRows().filter((row) => !row.zombie);
  const members = new Set(rows.filter((row) => row.pid === leader || row.group === leader).map((row) => row.pid));
  for (let size = -1; size !== members.size; ) {
    size = members.size;
    for (const row of rows) if (members.has(row.parent)) members.add(row.pid);
  }
  return [...members];
}

/** Live descendants of `ancestor`, without itself. */
export function descendants(ancestor: number): ProcessIdentity[] {
  const rows = hasProc ? readProcRows() : readPsRows();
  const family = new Set([ancestor]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const row of rows) if (family.has(row.parent)) family.add(row.pid);
  }
  return rows.filter((row) => row.pid !== ancestor && family.has(row.pid) && !row.zombie);
}

/** Sends a signal to one process; false if it is gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Sends a signal to every process of a session except `except`; returns how many it reached. */
export function signalSession(leader: number, signal: NodeJS.Signals, except?: number): number {
  return sessionMembers(leader).filter((pid) => pid !== except && signalProcess(pid, signal)).length;
}

/**
 * A name for this machine's process id space: two processes that read the same name see the same pids and each other
 * (/proc can hide the processes of other users), until the machine restarts.
 */
export function machineName(): string {
  if (!hasProc) return hostname();
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return [hostname(), boot, readlinkSync('/proc/self/ns/pid'), process.getuid?.()].join('/');
}

/** Kills a session, leader included, until nothing of it is alive, except `except`. */
export async function killSession(leader: number, except?: number): Promise<void> {
  while (signalSession(leader, 'SIGKILL', except) > 0) await delay(5);
}

/**
 * Whether every process of a session, identified by its leader, is proven gone; false if sessions cannot be read. A
 * session's id is not reused before that.
 */
export function isSessionOver(leader: ProcessIdentity): boolean {
  if (!hasProc) return false;
  const current = identify(leader.pid);
  if (current && current.startTime !== leader.startTime) return true;
  return sessionMembers(leader.pid).length === 0;
}
