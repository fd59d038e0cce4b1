import type { ShownCloud } from '../contracts/api/clouds.ts';
import { textsOf } from '../texts/texts.ts';
import { sheet, table } from './print.ts';

const { clouds: texts } = textsOf('en').cli;

const money = (cents: number) => (cents / 100).toFixed(2);

/** For each cloud: what is configured, what is missing, and cost and margin of its plans by list price. */
export function cloudsText(clouds: readonly ShownCloud[]): string {
  return clouds.map(cloudText).join('\n\n');
}

function cloudText(cloud: ShownCloud): string {
  const { title, enabled, state, credentials, identity, permissions, problem, plans } = cloud;
  const { asked, missing, unchecked } = permissions;
  const facts = sheet({
    cloud: (enabled ? texts.sold : texts.notSold)({ title, cloud: cloud.cloud }),
    state: texts.states[state],
    credentials: credentials ?? undefined,
    'known there as': identity ?? undefined,
    problem: problem ? `${problem.meaning} ${problem.next}${problem.detail ? ` (${problem.detail})` : ''}` : undefined,
    permissions:
      asked > 0 ? texts.permissions({ present: asked - missing.length - unchecked.length, asked }) : undefined,
    missing: missing.length > 0 ? missing.join(', ') : undefined,
    'not told':
      unchecked.length > 0
        ? texts.unchecked({ count: unchecked.length, permissions: unchecked.join(', ') })
        : undefined,
    regions: cloud.regions.length > 0 ? cloud.regions.map(regionText).join('; ') : undefined,
  });
  if (plans.length === 0) return facts;
  const rows = plans.map(({ plan, nodes, size, costCents, convertedCents, price, margin, marginShare, confirmed }) => [
    nodes === 1 ? plan : texts.nodes({ plan, nodes }),
    size,
    money(costCents),
    money(convertedCents),
    money(price),
    money(margin),
    `${Math.round(marginShare * 100)} %`,
    confirmed ? texts.confirmed(confirmed) : '',
  ]);
  const [{ currency, priceCurrency, exchange, asOf, source }] = plans as [ShownCloud['plans'][number]];
  const ours = (column: string) => `${column}, ${priceCurrency}`;
  const costs = [`costs, ${currency}`, ours('costs')];
  const head = ['plan', 'machine', ...costs, ours('price'), ours('margin'), 'share', 'price confirmed'];
  const { from, to, rate } = exchange;
  const rated = texts.exchange({ from, to, rate: String(rate), asOf: exchange.asOf, source: exchange.source });
  return [facts, '', table(head, rows), texts.prices({ currency, asOf, source }), rated].join('\n');
}

function regionText({ name, lacks }: ShownCloud['regions'][number]): string {
  if (lacks === null) return texts.regionSilent({ region: name });
  return lacks.length === 0 ? name : texts.regionLacks({ region: name, sizes: lacks.join(', ') });
}
