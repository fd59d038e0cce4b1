import { describeFinalSnapshot, describeKills, describeLife, describeTroubles } from '../support/cloud-suite.ts';
import { azure } from '../support/clouds.ts';

describeLife(azure, { plan: 'BUSINESS', nodes: 3 });
describeFinalSnapshot(azure, { plan: 'MAKER', nodes: 1 });
describeTroubles(azure, { plan: 'MAKER', nodes: 1 });
describeKills(azure, { plan: 'MAKER', nodes: 1 }, 10);
for (const plan of ['GROW', 'STARTUP', 'BUSINESS'] as const) describeLife(azure, { plan, nodes: 1 });
