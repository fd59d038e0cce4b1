import { z } from 'zod';
import { OperationId } from '../ids.ts';
import type { ReasonCode } from '../reasons.ts';
import type { InstanceStatus } from '../states.ts';

/** Who asks for an operation: its customer, an operator, or a schedule of ours. */
export const RequestedBy = z.enum(['customer', 'operator', 'system']);
export type RequestedBy = z.infer<typeof RequestedBy>;

/** A duration that the configuration decides: the variable that holds it, and how long it is without one, ms. */
export interface ConfiguredDuration {
  readonly variable: `FREEHOLD_${string}_MS`;
  readonly defaultMs: number;
}

/** A forward step. */
export interface StepDeclaration {
  readonly name: string;
  /** The undo step that takes it back. */
  readonly undo?: string;
  /** Whether an operator may go on without it. */
  readonly skippable?: true;
  /** Whether it runs, or is told, only where it is needed: then it is not shown before it begins. */
  readonly onDemand?: true;
  /** How long it may take with all its tries; without one it is tried for as long as it takes. */
  readonly deadline?: ConfiguredDuration;
  /** What it means when its time is over. */
  readonly onTimeout: ReasonCode;
}

/** A step of the undo; it has no deadline. */
export interface UndoDeclaration {
  readonly name: string;
  readonly skippable?: true;
  /** After this long without success people are asked to look; the step goes on trying. */
  readonly attentionAfter?: ConfiguredDuration;
}

/** Whether an operation may begin, and what becomes of a request for it while the instance is busy. */
export interface AdmissionRules {
  /** What the instance has to be; empty where no request starts the operation. */
  readonly from: readonly InstanceStatus[];
  /**
   * While another operation runs or waits: `refused` with `operation_running`; `queued`, the newest of each kind;
   * `dropped`, which waits only while nothing else does, and which gives way, also when it runs already, if it was the
   * system that asked for it.
   */
  readonly whileBusy: 'refused' | 'queued' | 'dropped';
  /** A second request gets the id of the running or queued one. */
  readonly deduplicated?: true;
}

/** Everything about an operation that others have to know: see docs/operations.md. */
export interface OperationDeclaration {
  /** Its name in the API, the Update, the command, and (in camel case) of its workflow type. */
  readonly kind: string;
  /** What a request brings beside who asks for it. */
  readonly request: z.ZodObject;
  /** Who may ask for it; nobody where it begins with its order. */
  readonly requestedBy: readonly RequestedBy[];
  /** The role that a member needs to ask for it; present where customers may. */
  readonly role?: 'admin' | 'payer';
  readonly admission: AdmissionRules;
  /** Whether it delivers an order: a cancel of it is the cancel of the order, and a stopped one is never given up. */
  readonly fulfilsOrder?: true;
  /** What the instance is as soon as the operation runs; as it was before where absent. */
  readonly instanceStatus?: InstanceStatus;
  /** Forward steps, in order. */
  readonly steps: readonly StepDeclaration[];
  /**
   * The step after which nothing is undone: from it on no cancel reaches the operation. Null where the operation undoes
   * nothing at all: a step that failed waits for people as long as they need, and an abort leaves everything as it is.
   */
  readonly pivot: string | null;
  /** Undo steps: branches that do not wait for each other, each in its order. */
  readonly undo: readonly (readonly UndoDeclaration[])[];
  /** How long a step before the pivot waits for an operator before the operation undoes by itself. */
  readonly operatorWindow?: ConfiguredDuration;
}

/** Declares an operation; names stay literal types. */
export function defineOperation<const Declaration extends OperationDeclaration>(declaration: Declaration): Declaration {
  return declaration;
}

/** The durations of an operation that the configuration decides. */
export function durationsOf({ steps, undo, operatorWindow }: OperationDeclaration): ConfiguredDuration[] {
  const deadlines = steps.map(({ deadline }) => deadline);
  const alarms = undo.flat().map(({ attentionAfter }) => attentionAfter);
  return [...deadlines, ...alarms, operatorWindow].filter((duration) => duration !== undefined);
}

/** What the Update of an operation takes: who asks, the id that the operation gets, and the request itself. */
export function updateSchemaOf({ request, requestedBy }: OperationDeclaration) {
  return z.strictObject({ ...request.shape, operationId: OperationId, requestedBy: z.enum(requestedBy) });
}

/** The input of the Update of an operation; the rest of it is the request. */
export interface OperationRequest {
  operationId: string;
  requestedBy: RequestedBy;
  [field: string]: unknown;
}

/** The type of the workflow of an operation: its kind in camel case. */
export function workflowTypeOf(kind: string): string {
  return kind.replaceAll(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}

/** The names of an operation's forward steps, in order. */
export function stepNamesOf<Declaration extends OperationDeclaration>({
  steps,
}: Declaration): Declaration['steps'][number]['name'][] {
  return steps.map(({ name }) => name);
}
