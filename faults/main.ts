import { parseArgs } from 'node:util';
import { type CampaignSummary, clock, defaultWidth, runCampaign } from './run-campaign.ts';

/**
 * `npm run faults`: orders while everything goes wrong, and a look from outside at what is left (docs/faults.md).
 *
 * `--orders N --seed S [--width W]`: a campaign; without a seed a new one. `--json` prints the summary as one JSON
 * document on stdout and everything else on stderr. Exit code 1 when anything is not as it must be, 2 for arguments.
 */
const usage = 'usage: npm run faults -- [--orders N] [--seed S] [--width W] [--json]';

function number(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new RangeError(`${text} is no number from 1`);
  return Number(text);
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      orders: { type: 'string' },
      seed: { type: 'string' },
      width: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  return {
    orders: number(values.orders, 20),
    seed: number(values.seed, 1 + Math.floor(Math.random() * 999_999)),
    width: number(values.width, defaultWidth),
    json: values.json ?? false,
  };
}

function show(summary: CampaignSummary, say: (line: string) => void): void {
  const { states, counts, faults, violations, tookMs } = summary;
  const list = (entries: Record<string, number | undefined>) =>
    Object.entries(entries)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  say('');
  say(`orders      ${list(states)}`);
  say(`faults      ${list(faults.struck)}${faults.missed > 0 ? `; ${faults.missed} found nothing to strike` : ''}`);
  say(
    `kept        fulfilled ${counts.fulfilled} = charges ${counts.chargesKept} = hosts ${counts.hostsAnswering} = licences ${counts.activeLicences} = ready mails ${counts.readyMails}`,
  );
  for (const { invariant, what } of violations) say(`VIOLATION   ${invariant}: ${what}`);
  say(`violations  ${violations.length}`);
  say(`took        ${clock(tookMs)}`);
  say(`repeat      ${summary.repeat}`);
}

let args: ReturnType<typeof readArguments> | undefined;
try {
  args = readArguments();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${usage}\n`);
  process.exitCode = 2;
}
if (args) {
  const out = args.json ? process.stderr : process.stdout;
  const say = (line: string) => void out.write(`${line}\n`);
  const summary = await runCampaign({ ...args, say });
  show(summary, say);
  if (args.json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  process.exitCode = summary.ok ? 0 : 1;
}
