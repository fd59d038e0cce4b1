import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { monotonic } from '../runtime/clock.ts';
import { descendants, isAlive, type ProcessIdentity, signalProcess, signalSession } from '../stacks/processes.ts';
import type { StateFolder } from './state-folder.ts';
import { writeFileSafely } from './state-folder.ts';

/**
 * The running processes, recorded at every start and end of a process, so that whoever comes after a killed supervisor
 * can stop them: pid and start time together identify a process, so a later one with the same pid is never touched.
 */
const RecordedProcess = z.object({
  name: z.string(),
  pid: z.number().int(),
  startTime: z.string(),
  /** Names of processes that must outlive this one. */
  needs: z.array(z.string()),
  /** How long it may take to stop after SIGTERM, ms. */
  graceMs: z.number(),
  /** A call that stops what this process manages, made when the whole platform stops. */
  shutdown: z.object({ url: z.string(), token: z.string() }).optional(),
  /** Whether its descendants outlive it. */
  leavesDescendants: z.boolean(),
});
export type RecordedProcess = z.infer<typeof RecordedProcess>;

const pollMs = 15;

export interface ProcessRecord {
  set(process: RecordedProcess): void;
  remove(name: string): void;
  all(): RecordedProcess[];
}

/** Opens the record; at first `all()` is what a former supervisor left. */
export function openProcessRecord(folder: StateFolder): ProcessRecord {
  const file = folder.path('run', 'processes.json');
  const processes = new Map(readRecord(file).map((process) => [process.name, process]));
  const write = () => writeFileSafely(file, JSON.stringify([...processes.values()]));
  return {
    set(process) {
      processes.set(process.name, process);
      write();
    },
    remove(name) {
      if (processes.delete(name)) write();
    },
    all: () => [...processes.values()],
  };
}

function readRecord(file: string): RecordedProcess[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return z.array(RecordedProcess).parse(JSON.parse(text));
}

/**
 * Stops one process and its descendants: SIGTERM, then SIGKILL to its whole session after the grace time. Resolves when
 * nothing of it is left.
 */
export async function endProcess(process: RecordedProcess): Promise<void> {
  const offspring = process.leavesDescendants ? [] : descendants(process.pid);
  if (isAlive(process)) {
    signalProcess(process.pid, 'SIGTERM');
    if (!(await haveEnded([process], process.graceMs))) {
      if (process.leavesDescendants) signalProcess(process.pid, 'SIGKILL');
      else signalSession(process.pid, 'SIGKILL');
      await haveEnded([process], process.graceMs);
    }
  }
  // Runners of the provision worker are separate sessions: they see its pipe close and stop their work in order.
  if (await haveEnded(offspring, process.graceMs)) return;
  for (const left of offspring) if (isAlive(left)) signalProcess(left.pid, 'SIGKILL');
  await haveEnded(offspring, process.graceMs);
}

async function haveEnded(processes: ProcessIdentity[], limitMs: number): Promise<boolean> {
  const deadline = monotonic() + limitMs;
  while (processes.some(isAlive)) {
    if (monotonic() > deadline) return false;
    await delay(pollMs);
  }
  return true;
}

/**
 * Stops many processes, each after those that need it, otherwise concurrently; those that manage others (`shutdown`)
 * come last. `onEnd` gets each with the ms it took.
 */
export async function endAll(
  processes: RecordedProcess[],
  onEnd: (name: string, tookMs: number) => void,
): Promise<void> {
  const ended = new Map<string, Promise<void>>();
  const end = (process: RecordedProcess): Promise<void> => {
    const known = ended.get(process.name);
    if (known !== undefined) return known;
    const ending = (async () => {
      const before = (other: RecordedProcess) =>
        !other.shutdown && (process.shutdown !== undefined || other.needs.includes(process.name));
      await Promise.all(processes.filter(before).map(end));
      const began = monotonic();
      if (process.shutdown && isAlive(process)) await askToShutDown(process.shutdown, process.graceMs);
      await endProcess(process);
      onEnd(process.name, monotonic() - began);
    })();
    ended.set(process.name, ending);
    return ending;
  };
  await Promise.all(processes.map(end));
}

async function askToShutDown({ url, token }: { url: string; token: string }, limitMs: number): Promise<void> {
  try {
    await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(limitMs),
    });
  } catch (error) {
    // It is stopping, or it hangs; the following signals decide. Anything but a failed fetch is a bug.
    if (!(error instanceof TypeError) && (error as Error).name !== 'TimeoutError') throw error;
  }
}
