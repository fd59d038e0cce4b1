import { z } from 'zod';

/** The schema of an answer without a body. */
export const noBody = z.undefined();

/** Returned by a handler that has written its response itself: an event stream. */
export const streamed = Symbol('streamed');

export type AnswerSchemas = Record<number, z.ZodType>;

/** An answer of one of the declared statuses with the body that is declared for it. */
export type Answer<Schemas extends AnswerSchemas> = {
  [Status in keyof Schemas & number]: {
    status: Status;
    body: z.input<Schemas[Status]>;
    headers?: Record<string, string>;
  };
}[keyof Schemas & number];
