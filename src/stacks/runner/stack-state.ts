import { z } from 'zod';
import type { DataVolume } from '../private-server.ts';
import { volumeName } from '../snapshot-tags.ts';
import { logicalName } from './logical-name.ts';
import type { StackContext } from './stack-context.ts';

const Exported = z.object({
  deployment: z
    .object({
      resources: z.array(z.object({ type: z.string(), urn: z.string(), id: z.string().optional() })).optional(),
      pending_operations: z.array(z.unknown()).nullish(),
    })
    .nullish(),
});

/** Content of a stack's state about its cloud. */
export interface StackState {
  /** Ids at the cloud. */
  ids: ReadonlySet<string>;
  /** Logical names that are taken. */
  names: ReadonlySet<string>;
  volumes: readonly DataVolume[];
  /** Whether it is completely empty, without even the component. */
  isEmpty: boolean;
  /** Whether it contains operations with an unknown result. */
  pending: boolean;
}

/** Reads the state; null without a stack. Costs two CLI processes. */
export async function readState({ engine, request, cloud }: StackContext): Promise<StackState | null> {
  if (!(await engine.exists(request.stack))) return null;
  const text = await engine.run(['stack', 'export', '--stack', request.stack]);
  const { deployment } = Exported.parse(JSON.parse(text));
  const ids = new Set<string>();
  const names = new Set<string>();
  const volumes: DataVolume[] = [];
  const resources = deployment?.resources ?? [];
  for (const { type, urn, id } of resources) {
    if (!id || !type.startsWith(cloud.typePrefix)) continue;
    ids.add(id);
    const name = logicalName(urn);
    names.add(name);
    if (volumeName.test(name)) volumes.push({ id, resource: name });
  }
  const pending = (deployment?.pending_operations ?? []).length > 0;
  return { ids, names, volumes, isEmpty: resources.length === 0, pending };
}
