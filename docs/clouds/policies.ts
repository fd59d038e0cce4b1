import { boundaryGrants, policyOf, serverGrants, serviceGrants } from '../../src/stacks/aws/permissions.ts';
import { azureActions } from '../../src/stacks/azure/permissions.ts';
import { digitaloceanScopes } from '../../src/stacks/digitalocean/permissions.ts';
import { gcpPermissions } from '../../src/stacks/gcp/permissions.ts';

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
const sorted = (actions: readonly string[]) => [...actions].sort();

/**
 * The policy documents, by file name, which grant exactly what stacks, sweep and check do; made from the lists that
 * `freehold clouds check` uses.
 */
export const policies: Readonly<Record<string, string>> = {
  'aws-policy.json': json(policyOf(serverGrants)),
  'aws-policy-services.json': json(policyOf(serviceGrants)),
  'aws-boundary.json': json(policyOf(boundaryGrants)),
  'azure-role.json': json({
    Name: 'Freehold provisioning',
    IsCustom: true,
    Description: 'Builds, changes and removes private servers, and nothing else.',
    Actions: sorted(azureActions),
    NotActions: [],
    AssignableScopes: ['/subscriptions/SUBSCRIPTION'],
  }),
  'gcp-role.yaml': [
    'title: Freehold provisioning',
    'description: Builds, changes and removes private servers, and nothing else.',
    'stage: GA',
    'includedPermissions:',
    ...sorted(gcpPermissions).map((permission) => `  - ${permission}`),
    '',
  ].join('\n'),
  'digitalocean-scopes.txt': `${sorted(digitaloceanScopes).join('\n')}\n`,
};
