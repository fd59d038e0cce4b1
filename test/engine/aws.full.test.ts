import { describeFinalSnapshot, describeKills, describeLife, describeTroubles } from '../support/cloud-suite.ts';
import { aws } from '../support/clouds.ts';

describeLife(aws, { plan: 'BUSINESS', nodes: 3 });
describeFinalSnapshot(aws, { plan: 'MAKER', nodes: 1 });
describeTroubles(aws, { plan: 'MAKER', nodes: 1 });
describeKills(aws, { plan: 'MAKER', nodes: 1 }, 10);
for (const plan of ['GROW', 'STARTUP', 'BUSINESS'] as const) describeLife(aws, { plan, nodes: 1 });
