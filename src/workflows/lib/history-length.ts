import { workflowInfo } from '@temporalio/workflow';

/**
 * Whether an entity is to continue as new: the server suggests it, or the history has this many events, which tests set
 * low.
 */
export function isHistoryLong(maxEvents: number = Number.POSITIVE_INFINITY): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= maxEvents;
}
