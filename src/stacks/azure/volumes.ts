import { Disk } from '@pulumi/azure-native/compute/disk.js';
import { BackupInstance } from '@pulumi/azure-native/dataprotection/backupInstance.js';
import { backupPolicyName, groupId, idIn, vaultName } from './names.ts';
import type { Parts } from './parts.ts';

const diskType = 'Microsoft.Compute/disks';

/**
 * The data volume of each node, encrypted by Azure with its own keys, protected, and included in its region's daily
 * snapshots.
 */
export function declareVolumes(parts: Parts, { protect }: { protect: boolean }): Disk[] {
  const { spec, nameOf, tagsOf, placement, inside } = parts;
  return spec.nodes.map(({ name, zone }) => {
    const resource = `volume-${name}`;
    const disk = new Disk(
      resource,
      {
        ...placement,
        diskName: nameOf(resource),
        sku: { name: 'StandardSSD_LRS' },
        creationData: { createOption: 'Empty' },
        diskSizeGB: spec.diskGib,
        encryption: { type: 'EncryptionAtRestWithPlatformKey' },
        zones: [zone],
        tags: tagsOf(resource),
      },
      inside({ protect, ignoreChanges: ['zones'] }),
    );
    declareSnapshots(parts, name, disk);
    return disk;
  });
}

/** The snapshots are in the installation's group, so that they outlive their volumes. */
function declareSnapshots({ spec, settings, nameOf, tagsOf, inside }: Parts, node: string, disk: Disk): void {
  const resource = `snapshots-${node}`;
  const vault = vaultName(spec.region);
  const source = {
    ...{ resourceID: disk.id, resourceUri: disk.id, resourceName: disk.name, resourceLocation: spec.region },
    ...{ resourceType: diskType, datasourceType: diskType },
  };
  new BackupInstance(
    resource,
    {
      resourceGroupName: settings.group,
      vaultName: vault,
      backupInstanceName: nameOf(resource),
      properties: {
        objectType: 'BackupInstance',
        friendlyName: nameOf(resource),
        dataSourceInfo: { objectType: 'Datasource', ...source },
        dataSourceSetInfo: { objectType: 'DatasourceSet', ...source },
        policyInfo: {
          policyId: idIn(settings, `Microsoft.DataProtection/backupVaults/${vault}/backupPolicies/${backupPolicyName}`),
          policyParameters: {
            dataStoreParametersList: [
              {
                objectType: 'AzureOperationalStoreParameters',
                dataStoreType: 'OperationalStore',
                resourceGroupId: groupId(settings),
              },
            ],
          },
        },
      },
      tags: tagsOf(resource),
    },
    inside(),
  );
}
