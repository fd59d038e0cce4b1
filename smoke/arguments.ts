import { parseArgs } from 'node:util';
import { catalogue } from '../src/domain/catalogue/catalogue-data.ts';
import type { BilledCloud } from '../src/domain/catalogue/cloud-costs.ts';

const clouds: readonly BilledCloud[] = ['aws', 'digitalocean', 'gcp', 'azure'];

export const usage = `usage: npm run smoke -- [CLOUD…] [--ceiling 0.50] [--minutes 30] [--region NAME] [--clean] [--json]

Builds the smallest plan at each cloud (${clouds.join(', ')}; all when none is named), checks it from outside and
destroys it. It costs money.

  --ceiling N    maximum cost of all clouds together, in US dollars by the price lists; nothing is started above it
  --minutes N    time limit for each cloud; after it everything is destroyed and the run fails
  --region NAME  another region than that of the price list; for one cloud
  --clean        only destroys what earlier runs have left
  --json         one JSON document on stdout, everything else on stderr

Exit codes: 0 every cloud passed, 1 something failed or is left, 2 usage, 3 a cloud was skipped, 4 a cloud was refused,
130 interrupted.`;

export interface Arguments {
  clouds: BilledCloud[];
  ceilingCents: number;
  minutes: number;
  region: string | undefined;
  clean: boolean;
  json: boolean;
}

/** Throws `RangeError` with a sentence that says what is wrong. */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  const named = [...new Set(positionals)].map((name) => {
    const cloud = clouds.find((each) => each === name);
    if (!cloud) throw new RangeError(`${name} is not a billed cloud`);
    return cloud;
  });
  const chosen = named.length > 0 ? named : [...clouds];
  const { region } = values;
  if (region !== undefined) {
    const [cloud, ...others] = chosen;
    const regions = catalogue.clouds.find(({ name }) => name === cloud)?.regions ?? [];
    if (others.length > 0) throw new RangeError('--region is for one cloud');
    if (!regions.some(({ name }) => name === region)) throw new RangeError(`${cloud} has no region ${region}`);
  }
  return {
    clouds: chosen,
    ceilingCents: Math.floor(numberOf('--ceiling', values.ceiling, 1_000) * 100 + 1e-6),
    minutes: numberOf('--minutes', values.minutes, 600),
    region,
    clean: values.clean,
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ ceiling: { ...text, default: '0.50' }, minutes: { ...text, default: '30' } },
        ...{ region: text, clean: flag, json: flag },
      },
    });
  } catch (error) {
    throw new RangeError((error as Error).message, { cause: error });
  }
}

function numberOf(option: string, text: string, most: number): number {
  const number = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && number > 0 && number <= most) return number;
  throw new RangeError(`${option} ${text} must be a number above 0 and up to ${most}`);
}
