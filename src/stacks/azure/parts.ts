import { Provider } from '@pulumi/azure-native/provider.js';
import { ResourceGroup } from '@pulumi/azure-native/resources/resourceGroup.js';
import { ComponentResource, type CustomResourceOptions, type Output } from '@pulumi/pulumi';
import type { PrivateServerSpec } from '../../contracts/stack.ts';
import { tagsOf } from '../private-server.ts';
import { physicalName } from './names.ts';
import type { AzureSettings } from './settings.ts';

/** What every part of a server is declared with. */
export interface Parts {
  spec: PrivateServerSpec;
  settings: AzureSettings;
  /** Physical name by logical name. */
  nameOf(resource: string): string;
  tagsOf(resource: string): Record<string, string>;
  /** Location of a part: the server's own resource group, in its region. */
  placement: { resourceGroupName: Output<string>; location: string };
  inside(options?: CustomResourceOptions): CustomResourceOptions;
}

/**
 * Starts the declaration of a server with its resource group; its provider contains only the region, so no credential
 * is in a state.
 */
export function openParts(spec: PrivateServerSpec, settings: AzureSettings): Parts {
  const { instanceId, region } = spec;
  const provider = new Provider('azure', { location: region });
  const server = new ComponentResource(
    'freehold:index:PrivateServer',
    instanceId,
    {},
    { providers: { 'azure-native': provider } },
  );
  const nameOf = (resource: string) => physicalName(instanceId, resource);
  const group = new ResourceGroup(
    'place',
    { resourceGroupName: nameOf('group'), location: region, tags: tagsOf(spec, 'place') },
    { parent: server },
  );
  return {
    spec,
    settings,
    nameOf,
    tagsOf: (resource) => tagsOf(spec, resource),
    placement: { resourceGroupName: group.name, location: region },
    inside: (options = {}) => ({ parent: server, ...options }),
  };
}
