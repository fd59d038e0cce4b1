import { Provider } from '@pulumi/aws/provider.js';
import { ComponentResource, type CustomResourceOptions } from '@pulumi/pulumi';
import type { PrivateServerSpec } from '../../contracts/stack.ts';
import { tagsOf } from '../private-server.ts';
import { physicalName } from './names.ts';

/** What every part of a server is declared with. */
export interface Parts {
  spec: PrivateServerSpec;
  /** Physical name by logical name. */
  nameOf(resource: string): string;
  /** Tags by logical name; AWS displays `Name` for things that have no name of their own. */
  tagsOf(resource: string): Record<string, string>;
  inside(options?: CustomResourceOptions): CustomResourceOptions;
}

/** Starts the declaration of a server; its provider contains only the region, so no credential is ever in a state. */
export function openParts(spec: PrivateServerSpec): Parts {
  const { instanceId, region } = spec;
  const provider = new Provider('aws', { region: region as never });
  const server = new ComponentResource(
    'freehold:index:PrivateServer',
    instanceId,
    {},
    { providers: { aws: provider } },
  );
  const nameOf = (resource: string) => physicalName(instanceId, resource);
  return {
    spec,
    nameOf,
    tagsOf: (resource) => ({ ...tagsOf(spec, resource), Name: nameOf(resource) }),
    inside: (options = {}) => ({ parent: server, ...options }),
  };
}
