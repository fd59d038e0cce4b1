import { z } from 'zod';
import { checkDrift } from './check-drift.ts';
import { type ConfiguredDuration, durationsOf, type OperationDeclaration } from './operation.ts';
import { provision } from './provision.ts';
import { restart } from './restart.ts';

/** Every operation, one per line. */
const declared = [
  provision, //
  checkDrift,
  restart,
] as const;

type Declared = (typeof declared)[number];

export type OperationKind = Declared['kind'];
export const OperationKind = z.enum(declared.map(({ kind }) => kind));

type NameOf<Step> = Step extends { readonly name: infer Name extends string } ? Name : never;
/** The steps of one operation, or of all of them. */
export type ForwardStepName<Kind extends OperationKind = OperationKind> = NameOf<
  Extract<Declared, { kind: Kind }>['steps'][number]
>;
export type UndoStepName<Kind extends OperationKind = OperationKind> = NameOf<
  Extract<Declared, { kind: Kind }>['undo'][number][number]
>;

type VariableOf<Part> = Part extends { readonly variable: infer Variable extends string } ? Variable : never;
type FieldOf<Part, Name extends string> = Part extends { readonly [Key in Name]: infer Value } ? Value : never;
type DurationVariable =
  | VariableOf<FieldOf<Declared['steps'][number], 'deadline'>>
  | VariableOf<FieldOf<Declared['undo'][number][number], 'attentionAfter'>>
  | VariableOf<FieldOf<Declared, 'operatorWindow'>>;

/** Deadlines and windows of the operations in ms, by environment variable. */
export type OperationTimes = Readonly<Record<DurationVariable, number>>;

/** The operation that delivers an order. */
export const orderOperation = provision;

export const operations: readonly (OperationDeclaration & { readonly kind: OperationKind })[] = declared;

/** The declaration of a kind; undefined for an unknown kind. */
export function findOperation(kind: string): (typeof operations)[number] | undefined {
  return operations.find((operation) => operation.kind === kind);
}

/** The declaration of a kind. */
export function operationOf(kind: OperationKind): (typeof operations)[number] {
  const found = findOperation(kind);
  if (!found) throw new Error(`there is no operation ${kind}`);
  return found;
}

/** The durations of all operations; a shared one has the same default in all of them. */
export const operationDurations: readonly ConfiguredDuration[] = [
  ...new Map(operations.flatMap(durationsOf).map((duration) => [duration.variable, duration])).values(),
];

/** The configured value of each of them. */
export function timesOf(config: OperationTimes): OperationTimes {
  const variables = operationDurations.map(({ variable }) => variable as DurationVariable);
  return Object.fromEntries(variables.map((variable) => [variable, config[variable]])) as OperationTimes;
}
