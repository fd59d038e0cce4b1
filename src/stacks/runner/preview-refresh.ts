import type { EngineEvent, PulumiFn } from '@pulumi/pulumi/automation/index.js';
import type { Difference, Drift } from '../../contracts/drift.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { unlocking } from './engine-lock.ts';
import { logicalName } from './logical-name.ts';
import { findOrphans } from './orphans.ts';
import type { StackContext } from './stack-context.ts';
import { readState } from './stack-state.ts';

/**
 * Compares a stack's state with its cloud and changes neither: the preview of a refresh reports what is missing or
 * differs from the inputs, the list by tag what exists but is in no state. Values that only the cloud sets (a time, a
 * counter) and nobody configured are no difference.
 */
export async function previewRefresh(context: StackContext, program: PulumiFn): Promise<Drift & { seen: string[] }> {
  const { request, engine, reporter, cloud, signal } = context;
  reporter.phase('preview-refresh');
  const state = await readState(context);
  if (!state) throw new ReasonError('stack_failed', 'there is no stack');
  const differences: Difference[] = [];
  const requiredVolumeIds = new Set<string>();
  const seen = new Set<string>();
  const progress = reporter.follow({ kind: 'preview-refresh', typePrefix: cloud.typePrefix, total: 0, silent: true });

  function onEvent(event: EngineEvent): void {
    progress.onEvent(event);
    const { op, urn, type, old: before, diffs, detailedDiff } = event.resOutputsEvent?.metadata ?? {};
    if (!type?.startsWith(cloud.typePrefix) || !urn || !before?.id) return;
    const about = { name: logicalName(urn), id: before.id, protected: before.protect ?? false };
    const properties = [...new Set([...(diffs ?? []), ...Object.keys(detailedDiff ?? {})].map(firstName))].sort();
    if (op === 'delete') {
      differences.push({ ...about, change: 'missing', properties: [] });
      return;
    }
    if (op === 'update' && properties.length > 0) differences.push({ ...about, change: 'changed', properties });
    seen.add(about.id);
    if (about.protected) requiredVolumeIds.add(about.id);
  }

  const stack = await engine.stack(request.stack, program);
  const options = { signal, showSecrets: false, suppressProgress: true, runProgram: true, onEvent };
  await unlocking(stack, () => stack.previewRefresh(options));
  for (const { resource: name, id } of await findOrphans(context, state.ids)) {
    differences.push({ name, id, change: 'foreign', properties: [], protected: false });
  }
  return { differences, requiredVolumeIds: [...requiredVolumeIds], seen: [...seen] };
}

/** A path like `tags.name` or `rules[0].port` belongs to its first property. */
function firstName(path: string): string {
  return path.split(/[.[]/)[0] ?? path;
}
