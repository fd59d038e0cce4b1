/**
 * All actions of the stacks and the sweep by tag at Azure. `docs/clouds/azure-role.json` grants them; a test keeps both
 * in step.
 */
const all = (type: string, ...more: string[]) =>
  ['read', 'write', 'delete', ...more].map((verb) => `Microsoft.${type}/${verb}`);

export const azureActions: readonly string[] = [
  'Microsoft.Resources/subscriptions/read',
  ...all('Resources/subscriptions/resourceGroups'),
  'Microsoft.Resources/subscriptions/resources/read',
  'Microsoft.Resources/subscriptions/operationresults/read',
  'Microsoft.Authorization/permissions/read',
  'Microsoft.Compute/skus/read',
  'Microsoft.Compute/locations/operations/read',
  ...all('Compute/virtualMachines', 'start/action', 'restart/action', 'deallocate/action', 'powerOff/action'),
  'Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action',
  'Microsoft.Compute/virtualMachines/instanceView/read',
  ...all('Compute/disks', 'beginGetAccess/action'),
  ...all('Compute/snapshots'),
  ...all('Network/virtualNetworks', 'subnets/read', 'subnets/write', 'subnets/delete', 'subnets/join/action'),
  ...all('Network/networkSecurityGroups', 'join/action', 'securityRules/read', 'securityRules/write'),
  'Microsoft.Network/networkSecurityGroups/securityRules/delete',
  ...all('Network/publicIPAddresses', 'join/action'),
  ...all('Network/networkInterfaces', 'join/action'),
  ...all('Network/loadBalancers', 'backendAddressPools/join/action', 'probes/join/action'),
  'Microsoft.Network/locations/operations/read',
  'Microsoft.Network/dnsZones/read',
  ...all('Network/dnsZones/A'),
  'Microsoft.DataProtection/backupVaults/read',
  'Microsoft.DataProtection/backupVaults/backupPolicies/read',
  ...all('DataProtection/backupVaults/backupInstances'),
  'Microsoft.DataProtection/backupVaults/validateForBackup/action',
  'Microsoft.DataProtection/locations/operationResults/read',
  'Microsoft.DataProtection/locations/operationStatus/read',
];
