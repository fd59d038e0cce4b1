import type { ShownCloud } from '../contracts/api/clouds.ts';
import { sheet, table } from './print.ts';

const states: Readonly<Record<ShownCloud['state'], string>> = {
  ready: 'ready',
  incomplete: 'something is missing',
  not_configured: 'not configured',
  refused: 'does not answer us',
  unserved: 'no provision worker serves it',
};

const money = (cents: number) => (cents / 100).toFixed(2);

/** What is configured at each cloud, what is missing, and what its plans cost and earn by list price. */
export function cloudsText(clouds: readonly ShownCloud[]): string {
  return clouds.map(cloudText).join('\n\n');
}

function cloudText(cloud: ShownCloud): string {
  const { title, enabled, state, credentials, identity, permissions, problem, plans } = cloud;
  const { asked, missing, unchecked } = permissions;
  const facts = sheet({
    cloud: `${title} (${cloud.cloud}), ${enabled ? 'sold here' : 'not sold here'}`,
    state: states[state],
    credentials: credentials ?? undefined,
    'known there as': identity ?? undefined,
    problem: problem ? `${problem.meaning} ${problem.next}${problem.detail ? ` (${problem.detail})` : ''}` : undefined,
    permissions: asked > 0 ? `${asked - missing.length - unchecked.length} of ${asked} are there` : undefined,
    missing: missing.length > 0 ? missing.join(', ') : undefined,
    'not told':
      unchecked.length > 0 ? `${unchecked.length} show only when they are used: ${unchecked.join(', ')}` : undefined,
    regions: cloud.regions.length > 0 ? cloud.regions.map(regionText).join('; ') : undefined,
  });
  if (plans.length === 0) return facts;
  const rows = plans.map(({ plan, nodes, size, costCents, price, margin, marginShare, confirmed }) => [
    `${plan}${nodes === 1 ? '' : ` on ${nodes} nodes`}`,
    size,
    money(costCents),
    money(price),
    money(margin),
    `${Math.round(marginShare * 100)} %`,
    confirmed ? 'machine' : 'no',
  ]);
  const [{ currency, asOf, source }] = plans as [ShownCloud['plans'][number]];
  const head = ['plan', 'machine', `costs, ${currency}`, 'price, EUR', 'margin, EUR', 'share', 'met again'];
  return [facts, '', table(head, rows), `List prices as known ${asOf}; compare them with ${source}.`].join('\n');
}

function regionText({ name, lacks }: ShownCloud['regions'][number]): string {
  if (lacks === null) return `${name} did not answer`;
  return lacks.length === 0 ? name : `${name} lacks ${lacks.join(', ')}`;
}
