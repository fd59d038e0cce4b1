import { awsActions } from '../../src/stacks/aws/permissions.ts';
import { azureActions } from '../../src/stacks/azure/permissions.ts';
import { digitaloceanScopes } from '../../src/stacks/digitalocean/permissions.ts';
import { gcpPermissions } from '../../src/stacks/gcp/permissions.ts';

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
const passRole = 'iam:PassRole';
const sorted = (actions: readonly string[]) => [...actions].sort();

/**
 * The policy documents, by file name, which grant exactly what stacks, sweep and check do; made from the lists that
 * `freehold clouds check` uses.
 */
export const policies: Readonly<Record<string, string>> = {
  'aws-policy.json': json({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Freehold',
        Effect: 'Allow',
        Action: sorted(awsActions.filter((action) => action !== passRole)),
        Resource: '*',
      },
      {
        // Roles of servers and of their snapshots may be passed only to these services.
        Sid: 'FreeholdRoles',
        Effect: 'Allow',
        Action: passRole,
        Resource: '*',
        Condition: { StringEquals: { 'iam:PassedToService': ['ec2.amazonaws.com', 'dlm.amazonaws.com'] } },
      },
    ],
  }),
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
