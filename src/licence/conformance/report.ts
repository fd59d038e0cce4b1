import type { Result } from './kit.ts';

const signs = { ok: '✓', failed: '✗', skipped: '–' } as const;

/** One line per scenario: sign, number, requirement, time; the finding below it. */
export function lineOf({ id, title, outcome, ms, detail }: Result): string {
  const line = `${signs[outcome]} ${id.padEnd(4)} ${title}  ${ms} ms`;
  return detail === undefined ? line : `${line}\n       ${outcome}: ${detail}`;
}

export interface Report {
  server: string;
  product: string;
  /** Whether nothing failed. */
  conforms: boolean;
  ok: number;
  failed: number;
  skipped: number;
  /** Activations whose seat could not be released. */
  seatsLeft: number;
  results: Result[];
}

export function reportOf(
  target: { serverUrl: string; product: string },
  { results, seatsLeft }: { results: Result[]; seatsLeft: number },
): Report {
  const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome).length;
  const [ok, failed, skipped] = [count('ok'), count('failed'), count('skipped')];
  const { serverUrl: server, product } = target;
  return { server, product, conforms: failed === 0, ok, failed, skipped, seatsLeft, results };
}

export function summaryOf({ ok, failed, skipped, seatsLeft, server }: Report): string {
  const counts = [`${ok} ok`, `${failed} failed`, ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', ');
  const seats = seatsLeft > 0 ? `; ${seatsLeft} seats could not be released, check the licence` : '';
  return `${counts} at ${server}${seats}`;
}
