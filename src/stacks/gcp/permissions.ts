/**
 * All permissions of the stacks and the sweep by tag at Google Cloud. `docs/clouds/gcp-role.yaml` grants them; a test
 * keeps both in step.
 */
const compute = (resource: string, ...verbs: string[]) => verbs.map((verb) => `compute.${resource}.${verb}`);

export const gcpPermissions: readonly string[] = [
  'resourcemanager.projects.get',
  ...compute('projects', 'get'),
  ...compute('regions', 'get', 'list'),
  ...compute('zones', 'get', 'list'),
  ...compute('machineTypes', 'get', 'list'),
  ...compute('images', 'get', 'list', 'getFromFamily', 'useReadOnly'),
  ...compute('networks', 'create', 'delete', 'get', 'list', 'updatePolicy', 'use'),
  ...compute('subnetworks', 'create', 'delete', 'get', 'list', 'use', 'useExternalIp'),
  ...compute('firewalls', 'create', 'delete', 'get', 'list', 'update'),
  ...compute('addresses', 'create', 'delete', 'get', 'list', 'setLabels', 'use'),
  ...compute('disks', 'create', 'createSnapshot', 'delete', 'get', 'list', 'resize', 'setLabels', 'use'),
  ...compute('disks', 'addResourcePolicies', 'removeResourcePolicies'),
  ...compute('snapshots', 'create', 'delete', 'get', 'list', 'setLabels'),
  ...compute('resourcePolicies', 'create', 'delete', 'get', 'list', 'use'),
  ...compute('instances', 'create', 'delete', 'get', 'list', 'reset', 'start', 'stop', 'attachDisk', 'detachDisk'),
  ...compute('instances', 'setDeletionProtection', 'setLabels', 'setMachineType', 'setMetadata'),
  ...compute('instances', 'setShieldedInstanceIntegrityPolicy', 'setTags', 'updateAccessConfig', 'addAccessConfig'),
  ...compute('instances', 'deleteAccessConfig', 'getSerialPortOutput', 'use'),
  ...compute('instanceGroups', 'create', 'delete', 'get', 'list', 'update', 'use'),
  ...compute('regionHealthChecks', 'create', 'delete', 'get', 'list', 'use', 'useReadOnly'),
  ...compute('regionBackendServices', 'create', 'delete', 'get', 'list', 'update', 'use'),
  ...compute('forwardingRules', 'create', 'delete', 'get', 'list', 'setLabels'),
  // Aggregated lists include global objects, too.
  ...['backendServices', 'healthChecks', 'globalAddresses', 'globalForwardingRules'].flatMap((each) =>
    compute(each, 'list'),
  ),
  ...compute('regionOperations', 'get'),
  ...compute('zoneOperations', 'get'),
  ...compute('globalOperations', 'get'),
  ...['create', 'get', 'list'].map((verb) => `dns.changes.${verb}`),
  ...['get', 'list'].map((verb) => `dns.managedZones.${verb}`),
  ...['create', 'delete', 'get', 'list', 'update'].map((verb) => `dns.resourceRecordSets.${verb}`),
];
