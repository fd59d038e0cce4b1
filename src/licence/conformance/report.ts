import type { Result } from './kit.ts';

const signs = { ok: '✓', failed: '✗', 'not played': '–' } as const;

/** One line per scenario: sign, number, what must be true, time; what was found below it. */
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
  notPlayed: number;
  /** Activations that could not be given back. */
  seatsLeft: number;
  results: Result[];
}

export function reportOf(
  target: { serverUrl: string; product: string },
  { results, seatsLeft }: { results: Result[]; seatsLeft: number },
): Report {
  const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome).length;
  const [ok, failed, notPlayed] = [count('ok'), count('failed'), count('not played')];
  const { serverUrl: server, product } = target;
  return { server, product, conforms: failed === 0, ok, failed, notPlayed, seatsLeft, results };
}

export function summaryOf({ ok, failed, notPlayed, seatsLeft, server }: Report): string {
  const counts = [`${ok} ok`, `${failed} failed`, ...(notPlayed > 0 ? [`${notPlayed} not played`] : [])].join(', ');
  const seats = seatsLeft > 0 ? `; ${seatsLeft} seats could not be given back, look at the licence` : '';
  return `${counts} at ${server}${seats}`;
}
