import { aws, azure, digitalocean, gcp } from '../support/clouds.ts';
import { describeOrphans, orphanSettings } from './support/cloud-orphans.ts';
import { shareWorld } from './support/world.ts';

const shared = shareWorld(orphanSettings);

for (const suite of [digitalocean, aws, gcp, azure]) describeOrphans(shared, suite);
