import { describeLife } from '../support/cloud-suite.ts';
import { digitalocean } from '../support/clouds.ts';

describeLife(digitalocean, { plan: 'MAKER', nodes: 1 });
