import { durationWords } from '../../texts/duration-words.ts';
import type { Screen } from '../terminal.ts';
import type { Check } from './faults.ts';

/** What `--json` prints as one document. */
export interface Summary {
  ok: boolean;
  fault: string | null;
  order: { id: string; instanceId: string; state: string; reason: string | null };
  hostname: string;
  url: string | null;
  /** Cents. */
  money: { currency: 'EUR'; total: number; taken: number; refunded: number };
  licence: { id: string; plan: string; status: string; state: string | null; revision: number | null } | null;
  mails: { to: string[]; subject: string; url: string }[];
  steps: { name: string; ms: number }[];
  checks: Check[];
  links: Record<string, string>;
  curl: string | null;
  /** Until the platform was up, and until this summary. */
  platformMs: number;
  totalMs: number;
}

/** What `--json` prints if something failed before the summary. */
export interface Failure {
  ok: false;
  fault: string | null;
  /** A reason code of the product or of the platform (`folder_busy`, `check_failed`, …), otherwise `internal`. */
  reason: string;
  sentence: string;
  /** The step in progress, as the demo names it. */
  step: string;
}

/** A check of the demo failed; the sentence says what was found instead. */
export class CheckError extends Error {
  override readonly name = 'CheckError';
}

/** Shows the summary to a reader. */
export function showSummary(screen: Screen, summary: Summary, money: (amount: number) => string): void {
  const { style } = screen;
  const rows: [string, string][] = [];
  const { money: sums, licence } = summary;
  rows.push(['Server', summary.url ?? `${summary.hostname}, not delivered`]);
  rows.push(['Order', `${summary.order.id}, ${summary.order.state}`]);
  const back = sums.refunded > 0 ? `, refunded ${money(sums.refunded)}` : '';
  rows.push(['Money', `taken ${money(sums.taken)}${back}`]);
  if (licence) {
    const seen = licence.state ? `, the server says ${licence.state}` : '';
    rows.push(['Licence', `${licence.id}, ${licence.plan}, ${licence.status}${seen}`]);
  }
  for (const { subject, to } of summary.mails) rows.push(['Mail', `“${subject}” to ${to.join(', ')}`]);
  for (const [title, url] of Object.entries(summary.links)) rows.push([title, url]);

  screen.print('', ` ${style('bold', 'Summary')}  ${style('gray', `${durationWords(summary.totalMs)} in all`)}`);
  for (const [title, text] of rows) {
    const isLink = text.startsWith('http');
    screen.print(`   ${style('gray', title.padEnd(14))}${isLink ? style(['cyan', 'underline'], text) : text}`);
  }
  screen.print('', `   ${style('gray', 'Time by step')}`);
  const longest = Math.max(1, ...summary.steps.map(({ ms }) => ms));
  for (const { name, ms } of summary.steps) {
    const cells = Math.round((ms / longest) * 30);
    screen.print(`   ${name.padEnd(26)}${durationWords(ms).padStart(10)}  ${style('cyan', '━'.repeat(cells))}`);
  }
  if (summary.curl) screen.print('', `   ${style('gray', 'Commands')}`, `   ${summary.curl}`);
  screen.print('');
  const failed = summary.checks.filter(({ ok }) => !ok);
  if (failed.length > 0) {
    screen.print(` ${style(['red', 'bold'], 'Failed checks:')} ${failed.map(({ what }) => what).join(', ')}`, '');
  }
}
