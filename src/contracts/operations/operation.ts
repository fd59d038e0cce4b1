import { z } from 'zod';
import { OperationId } from '../ids.ts';
import type { ReasonCode } from '../reasons.ts';
import type { InstanceStatus } from '../states.ts';

/** Who requests an operation: the customer, an operator, or one of our schedules. */
export const RequestedBy = z.enum(['customer', 'operator', 'system']);
export type RequestedBy = z.infer<typeof RequestedBy>;

/** A configurable duration: its environment variable, and its default, ms. */
export interface ConfiguredDuration {
  readonly variable: `FREEHOLD_${string}_MS`;
  readonly defaultMs: number;
}

/** A forward step. */
export interface StepDeclaration {
  readonly name: string;
  /** The undo step. */
  readonly undo?: string;
  /** Whether an operator may skip it. */
  readonly skippable?: true;
  /** Whether it runs, or is reported, only when needed: then it is not shown before it begins. */
  readonly onDemand?: true;
  /** Deadline for the step including all retries; without one it is retried for as long as it takes. */
  readonly deadline?: ConfiguredDuration;
  /** Reason code when the deadline passes. */
  readonly onTimeout: ReasonCode;
}

/** An undo step; it has no deadline. */
export interface UndoDeclaration {
  readonly name: string;
  readonly skippable?: true;
  /** NeedsAttention is set after this long without success; the step is still retried. */
  readonly attentionAfter?: ConfiguredDuration;
}

/** When an operation may start, and what happens to a request for it while the instance is busy. */
export interface AdmissionRules {
  /** Statuses of the instance that allow it; empty where no request starts the operation. */
  readonly from: readonly InstanceStatus[];
  /**
   * While another operation runs or is queued: `refused` with `operation_running`; `queued`, the latest of each kind;
   * `dropped`, which is queued only while nothing else is, and which, when the system requested it, gives way to
   * other operations even while it runs.
   */
  readonly whileBusy: 'refused' | 'queued' | 'dropped';
  /** A second request gets the id of the running or queued one. */
  readonly deduplicated?: true;
}

/** The declaration of an operation; see docs/operations.md. */
export interface OperationDeclaration {
  /** Its name in the API, the Update, the command, and (in camel case) of its workflow type. */
  readonly kind: string;
  /** Content of a request, in addition to the requester. */
  readonly request: z.ZodObject;
  /** Who may request it; empty where it starts with its order. */
  readonly requestedBy: readonly RequestedBy[];
  /** The role that a member needs to request it; present where customers may. */
  readonly role?: 'admin' | 'payer';
  readonly admission: AdmissionRules;
  /**
   * Present where it delivers an order: cancelling it cancels the order, with the reason of who cancels, and a stopped
   * one is never abandoned.
   */
  readonly order?: { readonly cancelledBy: Readonly<Record<'customer' | 'operator', ReasonCode>> };
  /** Status of the instance while the operation runs; unchanged where absent. */
  readonly instanceStatus?: InstanceStatus;
  /** Forward steps, in order. */
  readonly steps: readonly StepDeclaration[];
  /**
   * The step after which nothing is undone: from it on no cancel reaches the operation. Null where the operation has
   * no undo: a failed step waits for an operator as long as needed, and an abort leaves everything as it is.
   */
  readonly pivot: string | null;
  /** Undo steps: concurrent branches, each in order. */
  readonly undo: readonly (readonly UndoDeclaration[])[];
  /** How long a step before the pivot waits for an operator before the operation is undone automatically. */
  readonly operatorWindow?: ConfiguredDuration;
}

/** Declares an operation; names stay literal types. */
export function defineOperation<const Declaration extends OperationDeclaration>(declaration: Declaration): Declaration {
  return declaration;
}

/** The configurable durations of an operation. */
export function durationsOf({ steps, undo, operatorWindow }: OperationDeclaration): ConfiguredDuration[] {
  const deadlines = steps.map(({ deadline }) => deadline);
  const alarms = undo.flat().map(({ attentionAfter }) => attentionAfter);
  return [...deadlines, ...alarms, operatorWindow].filter((duration) => duration !== undefined);
}

/** The schema of an operation's Update: the requester, the id that the operation gets, and the request itself. */
export function updateSchemaOf({ request, requestedBy }: OperationDeclaration) {
  return z.strictObject({ ...request.shape, operationId: OperationId, requestedBy: z.enum(requestedBy) });
}

/** The input of the Update of an operation; further properties are the request. */
export interface OperationRequest {
  operationId: string;
  requestedBy: RequestedBy;
  [field: string]: unknown;
}

/** The workflow type of an operation: its kind in camel case. */
export function workflowTypeOf(kind: string): string {
  return kind.replaceAll(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}

/** The names of an operation's forward steps, in order. */
export function stepNamesOf<Declaration extends OperationDeclaration>({
  steps,
}: Declaration): Declaration['steps'][number]['name'][] {
  return steps.map(({ name }) => name);
}
