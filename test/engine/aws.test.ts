import { describeLife } from '../support/cloud-suite.ts';
import { aws } from '../support/clouds.ts';

describeLife(aws, { plan: 'MAKER', nodes: 1 });
