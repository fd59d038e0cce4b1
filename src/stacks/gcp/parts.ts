import { Provider } from '@pulumi/gcp/provider.js';
import { ComponentResource, type CustomResourceOptions } from '@pulumi/pulumi';
import type { PrivateServerSpec } from '../../contracts/stack.ts';
import { tagsOf } from '../private-server.ts';
import { labelsOf, ownerDescription, physicalName } from './names.ts';

/** What every part of a server is declared with. */
export interface Parts {
  spec: PrivateServerSpec;
  /** Physical name by logical name. */
  nameOf(resource: string): string;
  /** Labels by logical name. */
  labelsOf(resource: string): Record<string, string>;
  /** Description that names the owner, by logical name. */
  describe(resource: string): string;
  inside(options?: CustomResourceOptions): CustomResourceOptions;
}

/**
 * Starts the declaration of a server; its provider contains only project and region, so no credential is ever in a
 * state.
 */
export function openParts(spec: PrivateServerSpec, { project }: { project: string }): Parts {
  const { instanceId, region } = spec;
  const provider = new Provider('gcp', { project, region });
  const server = new ComponentResource(
    'freehold:index:PrivateServer',
    instanceId,
    {},
    { providers: { gcp: provider } },
  );
  return {
    spec,
    nameOf: (resource) => physicalName(instanceId, resource),
    labelsOf: (resource) => labelsOf(tagsOf(spec, resource)),
    describe: (resource) => ownerDescription({ instanceId, resource }),
    inside: (options = {}) => ({ parent: server, ...options }),
  };
}
