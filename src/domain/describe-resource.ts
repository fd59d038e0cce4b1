import type { RunnerLine } from '../contracts/stack.ts';

type ResourceLine = Extract<RunnerLine, { type: 'resource' }>;

/** What a stack is made of, as its owner calls it; by the last part of the resource's type. */
const parts: Readonly<Record<string, string>> = {
  Address: 'The address',
  Record: 'The DNS record',
  Volume: 'The data volume',
  Host: 'The machine',
};

/** The engine's operations in words, done and failed; every other one only looks. */
const deeds: readonly { ops: RegExp; done: string; failed: string }[] = [
  { ops: /^(create|import)$/, done: 'was created', failed: 'could not be created' },
  { ops: /replace/, done: 'was replaced', failed: 'could not be replaced' },
  { ops: /^update$/, done: 'was changed', failed: 'could not be changed' },
  { ops: /^delete$/, done: 'was removed', failed: 'could not be removed' },
];
const look = { done: 'was checked', failed: 'could not be checked' };

/** What became of one resource of a stack, as a plain sentence for its customer, made of known facts alone. */
export function describeResource({ kind, name, op, status, done, total }: Omit<ResourceLine, 'type'>): string {
  // Logical names are `<role>-<node or hostname>`.
  const whose = name.replace(/^[a-z]+-/, '');
  const deed = deeds.find(({ ops }) => ops.test(op)) ?? look;
  return `${parts[kind] ?? 'A part'} of ${whose} ${status === 'failed' ? deed.failed : deed.done} (${done} of ${total}).`;
}
