export { type Answer, type AnswerSchemas, noBody } from '../../routing/answer.ts';

/** What a handler returns that has written its answer itself: an event stream. */
export const streamed = Symbol('streamed');
