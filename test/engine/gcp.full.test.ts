import { describeFinalSnapshot, describeKills, describeLife, describeTroubles } from '../support/cloud-suite.ts';
import { gcp } from '../support/clouds.ts';

describeLife(gcp, { plan: 'BUSINESS', nodes: 3 });
describeFinalSnapshot(gcp, { plan: 'MAKER', nodes: 1 });
describeTroubles(gcp, { plan: 'MAKER', nodes: 1 });
describeKills(gcp, { plan: 'MAKER', nodes: 1 }, 10);
for (const plan of ['GROW', 'STARTUP', 'BUSINESS'] as const) describeLife(gcp, { plan, nodes: 1 });
