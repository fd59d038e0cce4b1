import { describeFinalSnapshot, describeLife } from '../support/cloud-suite.ts';
import { digitalocean } from '../support/clouds.ts';

describeLife(digitalocean, { plan: 'MAKER', nodes: 1 });
describeFinalSnapshot(digitalocean, { plan: 'MAKER', nodes: 1 });
