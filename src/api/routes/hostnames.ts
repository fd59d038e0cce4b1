import { z } from 'zod';
import { HostnameAnswer, HostnameQuery } from '../../contracts/api/quotes.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { findCloud } from '../../domain/catalogue/catalogue.ts';
import { hostnameOf, nameVariants, parseName } from '../../domain/hostnames/hostname.ts';
import { route } from '../../routing/route.ts';
import { now } from '../../runtime/clock.ts';
import type { ApiDeps } from '../deps.ts';
import { open } from '../guards/guard.ts';

type Unavailable = z.output<typeof HostnameAnswer>['reason'];

const variantsOffered = 3;

export const hostnameRoutes = [
  route({
    method: 'get',
    path: '/v1/hostnames/{name}',
    tag: 'Shop',
    summary: 'Whether a name can be ordered, with free alternatives',
    description: 'Does not hold the name; only a quote does.',
    guard: open,
    params: z.object({ name: z.string().max(300) }),
    query: HostnameQuery,
    answers: { 200: HostnameAnswer },
    problems: ['cloud_unknown'],
    handler: async ({ deps, params, query }) => {
      const cloud = findCloud(query.cloud, deps.catalogue);
      const hostnameFor = (name: string) =>
        hostnameOf({ name, cloud: cloud.name }, deps.catalogue, deps.config.FREEHOLD_BASE_DOMAIN);
      const judged = await judge(deps, params.name);
      const name = judged.name;
      const variants = judged.reason && judged.wellFormed ? await freeVariants(deps, name) : [];
      const { reason, detail } = judged;
      return {
        status: 200,
        body: { name, hostname: hostnameFor(name), available: reason === undefined, reason, detail, variants },
      };
    },
  }),
];

async function judge(
  deps: ApiDeps,
  text: string,
): Promise<{ name: string; wellFormed: boolean; reason?: Unavailable; detail?: string | undefined }> {
  let name: string;
  try {
    name = parseName(text);
  } catch (error) {
    if (!(error instanceof ReasonError)) throw error;
    const reason = error.code as Unavailable;
    return { name: text, wellFormed: reason === 'hostname_reserved', reason, detail: error.detail };
  }
  const reason = await takenBy(deps, name);
  return reason ? { name, wellFormed: true, reason } : { name, wellFormed: true };
}

async function takenBy(deps: ApiDeps, name: string): Promise<'hostname_taken' | 'hostname_held' | undefined> {
  const hold = await deps.store.holds.find(name);
  if (!hold) return undefined;
  if (hold.holder === 'instance') return 'hostname_taken';
  return hold.until && hold.until.getTime() <= now() ? undefined : 'hostname_held';
}

async function freeVariants(deps: ApiDeps, name: string): Promise<string[]> {
  const free: string[] = [];
  for (const variant of nameVariants(name.trim().toLowerCase())) {
    if ((await takenBy(deps, variant)) === undefined) free.push(variant);
    if (free.length === variantsOffered) break;
  }
  return free;
}
