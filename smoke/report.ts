import type { BilledCloud } from '../src/domain/catalogue/cloud-costs.ts';

/** What a run says: to people line by line, to programs as one document. */

/** One check. One that could not be made is `not_checked` with the reason, never `passed`. */
export interface Check {
  what: string;
  result: 'passed' | 'failed' | 'not_checked';
  detail: string;
}

/** An object that still exists at the cloud. */
export interface Leftover {
  kind: string;
  id: string;
  resource: string;
}

export interface CloudResult {
  cloud: BilledCloud;
  /** Whether an endpoint other than the cloud's own answered for it. */
  simulated: boolean;
  /**
   * `skipped`: not configured here. `refused`: must not start; nothing was created. `interrupted`: stopped by a person,
   * everything was destroyed.
   */
  result: 'passed' | 'failed' | 'skipped' | 'refused' | 'interrupted';
  /** Why it did not pass; empty if it did. */
  why: string;
  instanceId: string | null;
  hostname: string | null;
  /** Estimated maximum cost of the run by the price lists, in cents; null if nothing was to be created. */
  estimateCents: number | null;
  checks: Check[];
  left: Leftover[];
  tookMs: number;
}

export interface Summary {
  ok: boolean;
  clouds: CloudResult[];
  /** Instances of earlier runs that were destroyed first. */
  cleaned: string[];
  /** Recorded runs: something of them may still exist at a cloud and cost money. */
  remembered: { cloud: BilledCloud; instanceId: string; since: string }[];
}

/** Exit codes; the most serious one of a run is returned. */
export const exitCodes = { passed: 0, failed: 1, usage: 2, skipped: 3, refused: 4, interrupted: 130 } as const;

/**
 * 0 only if every named cloud ran and passed, and nothing of any run is left: a skipped cloud must not look like a
 * success.
 */
export function exitCodeOf({ clouds, remembered }: Pick<Summary, 'clouds' | 'remembered'>): number {
  const has = (result: CloudResult['result']) => clouds.some((each) => each.result === result);
  if (has('failed') || remembered.length > 0) return exitCodes.failed;
  for (const result of ['interrupted', 'refused', 'skipped'] as const) if (has(result)) return exitCodes[result];
  return exitCodes.passed;
}

export type Say = (line: string) => void;

/** The cloud's name in every line, so that nobody takes an emulator for it. */
export function labelOf({ cloud, simulated }: Pick<CloudResult, 'cloud' | 'simulated'>): string {
  return simulated ? `${cloud} (simulated)` : cloud;
}

const marks = { passed: '✓', failed: '✗', not_checked: '?' } as const;

export function checkLine({ what, result, detail }: Check): string {
  const words = result === 'not_checked' ? 'NOT CHECKED: ' : result === 'failed' ? 'FAILED: ' : '';
  return `${marks[result]} ${what}: ${words}${detail}`;
}

const boxWidth = 100;

/** Lines in a box. */
export function box(lines: readonly string[]): string[] {
  const wrapped = lines.flatMap((line) => wrap(line, boxWidth));
  const edge = '═'.repeat(boxWidth + 2);
  return [`╔${edge}╗`, ...wrapped.map((line) => `║ ${line.padEnd(boxWidth)} ║`), `╚${edge}╝`];
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** The end of a run for people: the result of each cloud, what was not checked, and what is left. */
export function showSummary({ clouds, remembered }: Summary, say: Say): void {
  say('');
  for (const cloud of clouds) {
    const count = (result: Check['result']) => cloud.checks.filter((check) => check.result === result).length;
    const counts = `${count('passed')} passed, ${count('failed')} failed, ${count('not_checked')} not checked`;
    const tail = cloud.why === '' ? counts : cloud.why;
    const line = `${cloud.result.toUpperCase()} ${labelOf(cloud)}: ${tail}`;
    for (const each of cloud.result === 'passed' ? [line] : box([line])) say(each);
    for (const check of cloud.checks.filter(({ result }) => result !== 'passed')) say(`  ${checkLine(check)}`);
    for (const { kind, id, resource } of cloud.left) say(`  LEFT ${kind} ${resource} (${id})`);
  }
  if (remembered.length === 0) return;
  const rows = remembered.map(({ cloud, instanceId, since }) => `${cloud} ${instanceId}, begun ${since}`);
  const names = [...new Set(remembered.map(({ cloud }) => cloud))].join(' ');
  for (const line of box([
    'NOT CLEANED UP: objects of these runs may still exist at the cloud and cost money:',
    ...rows,
    `The next run destroys them first; to do only that: npm run smoke -- --clean ${names}`,
  ]))
    say(line);
}
