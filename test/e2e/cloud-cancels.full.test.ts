import { aws, azure, digitalocean, gcp } from '../support/clouds.ts';
import { cancelSettings, describeCancels, type MomentName, moments } from './support/cloud-cancels.ts';
import { shareWorld } from './support/world.ts';

const shared = shareWorld(cancelSettings);

for (const suite of [digitalocean, aws, gcp, azure]) {
  describeCancels(shared, suite, Object.keys(moments) as MomentName[]);
}
