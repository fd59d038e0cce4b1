import { ComponentResource, type CustomResourceOptions } from '@pulumi/pulumi';
import type { PrivateServerSpec } from '../../contracts/stack.ts';
import { tagsOf } from '../private-server.ts';
import { physicalName, tagText } from './names.ts';

/** What every part of a server is declared with. */
export interface Parts {
  spec: PrivateServerSpec;
  /** Physical name by logical name. */
  nameOf(resource: string): string;
  /** Tags by logical name. */
  tagsOf(resource: string): string[];
  inside(options?: CustomResourceOptions): CustomResourceOptions;
}

/**
 * Starts the declaration of a server. There is no explicit provider: regions are set per resource, and the engine's
 * default provider takes the token from the environment, so no credential is ever in a state.
 */
export function openParts(spec: PrivateServerSpec): Parts {
  const server = new ComponentResource('freehold:index:PrivateServer', spec.instanceId, {}, {});
  return {
    spec,
    nameOf: (resource) => physicalName(spec.instanceId, resource),
    tagsOf: (resource) => Object.entries(tagsOf(spec, resource)).map(([key, value]) => tagText(key, value)),
    inside: (options = {}) => ({ parent: server, ...options }),
  };
}
