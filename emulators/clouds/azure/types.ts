/** Resource types that our programs for Azure use, by short name; vaults, policies and zones are the operator's. */
export const types = {
  group: 'azure-native:resources:ResourceGroup',
  network: 'azure-native:network:VirtualNetwork',
  subnet: 'azure-native:network:Subnet',
  firewall: 'azure-native:network:NetworkSecurityGroup',
  address: 'azure-native:network:PublicIPAddress',
  card: 'azure-native:network:NetworkInterface',
  balancer: 'azure-native:network:LoadBalancer',
  zone: 'azure-native:dns:Zone',
  record: 'azure-native:dns:RecordSet',
  disk: 'azure-native:compute:Disk',
  snapshot: 'azure-native:compute:Snapshot',
  machine: 'azure-native:compute:VirtualMachine',
  vault: 'azure-native:dataprotection:BackupVault',
  backupPolicy: 'azure-native:dataprotection:BackupPolicy',
  snapshots: 'azure-native:dataprotection:BackupInstance',
} as const;
export type TypeName = keyof typeof types;

/** Azure's names for them, in ids and in its own API. */
export const armTypes: Readonly<Record<Exclude<TypeName, 'group'>, string>> = {
  network: 'Microsoft.Network/virtualNetworks',
  subnet: 'Microsoft.Network/virtualNetworks/subnets',
  firewall: 'Microsoft.Network/networkSecurityGroups',
  address: 'Microsoft.Network/publicIPAddresses',
  card: 'Microsoft.Network/networkInterfaces',
  balancer: 'Microsoft.Network/loadBalancers',
  zone: 'Microsoft.Network/dnsZones',
  record: 'Microsoft.Network/dnsZones/A',
  disk: 'Microsoft.Compute/disks',
  snapshot: 'Microsoft.Compute/snapshots',
  machine: 'Microsoft.Compute/virtualMachines',
  vault: 'Microsoft.DataProtection/backupVaults',
  backupPolicy: 'Microsoft.DataProtection/backupVaults/backupPolicies',
  snapshots: 'Microsoft.DataProtection/backupVaults/backupInstances',
};
