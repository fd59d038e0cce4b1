import { describeLife } from '../support/cloud-suite.ts';
import { azure } from '../support/clouds.ts';

describeLife(azure, { plan: 'MAKER', nodes: 1 });
