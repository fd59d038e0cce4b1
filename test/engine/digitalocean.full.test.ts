import { describeFinalSnapshot, describeKills, describeLife, describeTroubles } from '../support/cloud-suite.ts';
import { digitalocean } from '../support/clouds.ts';

describeLife(digitalocean, { plan: 'BUSINESS', nodes: 3 });
describeFinalSnapshot(digitalocean, { plan: 'BUSINESS', nodes: 3 });
describeTroubles(digitalocean, { plan: 'MAKER', nodes: 1 });
describeKills(digitalocean, { plan: 'MAKER', nodes: 1 }, 10);
for (const plan of ['GROW', 'STARTUP', 'BUSINESS'] as const) describeLife(digitalocean, { plan, nodes: 1 });
