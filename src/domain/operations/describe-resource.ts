import type { Difference } from '../../contracts/drift.ts';
import type { RunnerLine } from '../../contracts/stack.ts';
import { partOf, partTitles } from './resource-names.ts';

type ResourceLine = Extract<RunnerLine, { type: 'resource' }>;

/** The engine's operations in words, done and failed; every other one only looks. */
const deeds: readonly { ops: RegExp; done: string; failed: string }[] = [
  { ops: /^(create|import)$/, done: 'was created', failed: 'could not be created' },
  { ops: /replace/, done: 'was replaced', failed: 'could not be replaced' },
  { ops: /^update$/, done: 'was changed', failed: 'could not be changed' },
  { ops: /^delete$/, done: 'was removed', failed: 'could not be removed' },
];
const look = { done: 'was checked', failed: 'could not be checked' };

/** What became of one resource of a stack, as a plain sentence for its customer, made of known facts alone. */
export function describeResource({ name, op, status, done, total }: Omit<ResourceLine, 'type'>): string {
  const deed = deeds.find(({ ops }) => ops.test(op)) ?? look;
  return `${nameForPeople(name)} ${status === 'failed' ? deed.failed : deed.done} (${done} of ${total}).`;
}

const findings: Readonly<Record<Difference['change'], string>> = {
  missing: 'is gone at the cloud',
  changed: 'was changed at the cloud',
  foreign: 'is at the cloud beside those of the server',
};

/** What is amiss with one part of a server, in the same words. */
export function describeDifference({ name, change }: Pick<Difference, 'name' | 'change'>): string {
  return `${nameForPeople(name)} ${findings[change]}.`;
}

function nameForPeople(name: string): string {
  const { part, of } = partOf(name);
  return `${partTitles[part] ?? 'A part'}${of === '' ? '' : ` of ${of}`}`;
}
