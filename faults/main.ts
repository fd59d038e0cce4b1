import { parseArgs } from 'node:util';
import { type Cell, chooseCells, sampleCells } from './cells.ts';
import { type CampaignSummary, clock, defaultWidth, runCampaign } from './run-campaign.ts';
import { type MatrixSummary, runMatrix } from './run-matrix.ts';

/**
 * `npm run faults`: places orders while faults are injected, and checks the result from outside (docs/faults.md).
 *
 * `--orders N --seed S [--width W] [--proxy]`: a campaign; without a seed a new one; with `--proxy` its customers reach
 * the api through a reverse proxy, each from an address of their own. `--matrix [--from CELL] [--cells A,B]
 * [--sample SEED] [--width W]`: the kill matrix, the whole or a part of it. `--json` prints the summary as one JSON
 * document on stdout and everything else on stderr. Exit code 1 when anything is not as it must be, 2 for arguments.
 */
const usage = `usage: npm run faults -- [--orders N] [--seed S] [--width W] [--proxy] [--json]
       npm run faults -- --matrix [--from CELL] [--cells CELL,CELL] [--sample SEED] [--width W] [--json]`;

type Say = (line: string) => void;

const defaultOrders = 20;
const matrixWidth = 3;

/** Parses the arguments. Errors: a sentence about the arguments. */
function readArguments(): { json: boolean; run: (say: Say) => Promise<{ ok: boolean }> } {
  const { values } = parseArgs({
    options: {
      orders: { type: 'string' },
      seed: { type: 'string' },
      width: { type: 'string' },
      proxy: { type: 'boolean' },
      matrix: { type: 'boolean' },
      from: { type: 'string' },
      cells: { type: 'string' },
      sample: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  const { json = false, proxy = false } = values;
  if (values.matrix) {
    if (values.proxy) throw new RangeError('--proxy belongs to a campaign');
    const width = number(values.width, matrixWidth);
    const cells = cellsOf(values);
    return {
      json,
      run: async (say) => {
        const summary = await runMatrix({ cells, width, say });
        showMatrix(summary, say);
        return summary;
      },
    };
  }
  const orders = number(values.orders, defaultOrders);
  const seed = number(values.seed, 1 + Math.floor(Math.random() * 999_999));
  const width = number(values.width, defaultWidth);
  return {
    json,
    run: async (say) => {
      const summary = await runCampaign({ orders, seed, width, proxy, say });
      showCampaign(summary, say);
      return summary;
    },
  };
}

function cellsOf({ sample, cells, from }: { sample?: string; cells?: string; from?: string }): Cell[] {
  if (sample !== undefined) return sampleCells(number(sample, 1));
  return chooseCells({
    ...(cells === undefined ? {} : { names: cells.split(',') }),
    ...(from === undefined ? {} : { from }),
  });
}

function number(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new RangeError(`${text} is not a number from 1`);
  return Number(text);
}

function showCampaign(summary: CampaignSummary, say: Say): void {
  const { states, counts, faults, violations, tookMs } = summary;
  const list = (entries: Record<string, number | undefined>) =>
    Object.entries(entries)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const kept = [
    `fulfilled ${counts.fulfilled}`,
    `charges ${counts.chargesKept}`,
    `hosts ${counts.hostsAnswering}`,
    `licences ${counts.activeLicences}`,
    `ready mails ${counts.readyMails}`,
  ];
  say('');
  say(`orders      ${list(states)}`);
  say(`faults      ${list(faults.struck)}${faults.missed > 0 ? `; ${faults.missed} found no target` : ''}`);
  say(`kept        ${kept.join(', ')}`);
  for (const { invariant, what } of violations) say(`VIOLATION   ${invariant}: ${what}`);
  say(`violations  ${violations.length}`);
  say(`took        ${clock(tookMs)}`);
  say(`repeat      ${summary.repeat}`);
}

function showMatrix({ cells, violations, tookMs, repeat }: MatrixSummary, say: Say): void {
  const failed = cells.filter(({ ok }) => !ok);
  say('');
  say(`cells       ${cells.length}, ${failed.length} failed`);
  for (const { cell, problems } of failed) say(`FAILED      ${cell}: ${problems.join('; ')}`);
  for (const { invariant, what } of violations) say(`VIOLATION   ${invariant}: ${what}`);
  say(`violations  ${violations.length}`);
  say(`took        ${clock(tookMs)}`);
  if (repeat) say(`repeat      ${repeat}`);
}

let wanted: ReturnType<typeof readArguments> | undefined;
try {
  wanted = readArguments();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${usage}\n`);
  process.exitCode = 2;
}
if (wanted) {
  const out = wanted.json ? process.stderr : process.stdout;
  const summary = await wanted.run((line) => void out.write(`${line}\n`));
  if (wanted.json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  process.exitCode = summary.ok ? 0 : 1;
}
