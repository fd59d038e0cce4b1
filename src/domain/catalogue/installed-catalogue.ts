import type { Catalogue } from '../../contracts/catalogue.ts';
import type { CloudName } from '../../contracts/stack.ts';

/**
 * The catalogue as an installation sells it: on the clouds that it names, and with a label in the title of those that are
 * not the real ones, so that quotes, invoices, mails and pages all say so.
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
