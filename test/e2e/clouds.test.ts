import { digitalocean } from '../support/clouds.ts';
import { cancelSettings, describeCancels } from './support/cloud-cancels.ts';
import { describeOrphans, orphanSettings } from './support/cloud-orphans.ts';
import { shareWorld } from './support/world.ts';

/** One cloud of four; `cloud-cancels.full.test.ts` and `cloud-orphans.full.test.ts` have all of them. */
const shared = shareWorld({ ...cancelSettings, ...orphanSettings });

describeCancels(shared, digitalocean, ['stack-up, while its machine is being made']);
describeOrphans(shared, digitalocean);
