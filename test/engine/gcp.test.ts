import { describeLife } from '../support/cloud-suite.ts';
import { gcp } from '../support/clouds.ts';

describeLife(gcp, { plan: 'MAKER', nodes: 1 });
