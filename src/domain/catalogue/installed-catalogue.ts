import type { Catalogue } from '../../contracts/catalogue.ts';
import type { CloudName } from '../../contracts/stack.ts';

/**
 * The catalogue of an installation: only its enabled clouds are for sale, and the titles of simulated ones say so on
 * quotes, invoices, mails and pages.
 */
export function installedCatalogue(
  catalogue: Catalogue,
  { clouds, simulated }: { clouds: readonly CloudName[]; simulated: readonly CloudName[] },
): Catalogue {
  return {
    ...catalogue,
    clouds: catalogue.clouds.map((cloud) => ({
      ...cloud,
      enabled: clouds.includes(cloud.name),
      title: simulated.includes(cloud.name) ? `${cloud.title} (simulated)` : cloud.title,
    })),
  };
}
