import type { Cloud } from '../contracts/catalogue.ts';
import { type CloudReport, emptyReport } from '../contracts/clouds.ts';
import { ReasonError } from '../contracts/reasons.ts';
import type { CloudView } from './cloud-view.ts';

/**
 * Inspects a cloud of the catalogue: our identity, missing permissions, regions that do not offer sold sizes. It never
 * throws: errors are in the report, as a reason of the catalogue with the cloud's own text, without secrets.
 */
export async function inspectCloud(
  cloud: Cloud,
  { open, secrets }: { open: () => Promise<CloudView>; secrets: Iterable<string> },
): Promise<CloudReport> {
  let view: CloudView | undefined;
  try {
    view = await open();
    const { credentials, actions } = view;
    if (credentials === null) throw new ReasonError('cloud_not_enabled', 'no credentials');
    const identity = await view.identity();
    const [permissions, regions] = await Promise.all([view.permissions(), regionsOf(cloud, view)]);
    const isWhole = permissions.missing.length === 0 && regions.every(({ lacks }) => lacks?.length === 0);
    return {
      ...emptyReport(cloud.name, isWhole ? 'ready' : 'incomplete', null),
      ...{ credentials, identity: withoutPeople(identity), regions },
      permissions: { asked: actions.length, ...permissions },
    };
  } catch (error) {
    const problem = problemOf(error, secrets);
    if (problem.reason === 'cloud_not_enabled') return emptyReport(cloud.name, 'not_configured', problem);
    return { ...emptyReport(cloud.name, 'refused', problem), credentials: view?.credentials ?? null };
  } finally {
    view?.close();
  }
}

/**
 * The machine sizes of our plans that each region does not offer; a region that does not answer does not discard the
 * others.
 */
async function regionsOf(cloud: Cloud, view: CloudView): Promise<CloudReport['regions']> {
  return Promise.all(
    cloud.regions.map(async ({ name, without }) => {
      const sold = Object.entries(cloud.sizes).filter(([plan]) => !(without as string[]).includes(plan));
      const sizes = sold.map(([, size]) => size);
      try {
        const offered = await view.sizesIn(name, sizes);
        return { name, lacks: sizes.filter((size) => !offered.includes(size)) };
      } catch {
        return { name, lacks: null };
      }
    }),
  );
}

const longestDetail = 1_000;

function problemOf(error: unknown, secrets: Iterable<string>): NonNullable<CloudReport['problem']> {
  const known = error instanceof ReasonError;
  let detail = known ? (error.detail ?? '') : error instanceof Error ? error.message : String(error);
  for (const secret of secrets) detail = detail.replaceAll(secret, '[secret]');
  return { reason: known ? error.code : 'cloud_unavailable', detail: withoutPeople(detail).slice(0, longestDetail) };
}

/** Clouds identify people and service accounts by e-mail addresses, which must not enter a workflow. */
function withoutPeople(text: string): string {
  return text.replaceAll(/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, '[e-mail address]');
}
