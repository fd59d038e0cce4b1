import type { Difference } from '../../contracts/drift.ts';
import type { RunnerLine } from '../../contracts/stack.ts';
import { textsOf } from '../../texts/texts.ts';
import { partOf } from './resource-names.ts';

type ResourceLine = Extract<RunnerLine, { type: 'resource' }>;

const { resources: texts } = textsOf('en');

/** The engine's operations that change something; all others only read. */
const verbs = [
  { ops: /^(create|import)$/, deed: 'create' },
  { ops: /replace/, deed: 'replace' },
  { ops: /^update$/, deed: 'update' },
  { ops: /^delete$/, deed: 'delete' },
] as const;

/** The progress of one resource of a stack as a plain sentence for its customer. */
export function describeResource({ name, op, status, done, total }: Omit<ResourceLine, 'type'>): string {
  const deed = verbs.find(({ ops }) => ops.test(op))?.deed ?? 'read';
  return texts[status === 'failed' ? 'failed' : 'succeeded'][deed]({ part: nameForPeople(name), done, total });
}

/** A difference of one part of a server, in the same words. */
export function describeDifference({ name, change }: Pick<Difference, 'name' | 'change'>): string {
  return texts.differences[change]({ part: nameForPeople(name) });
}

function nameForPeople(name: string): string {
  const { part, of } = partOf(name);
  return of === '' ? texts.parts[part] : texts.partOf({ part: texts.parts[part], of });
}
