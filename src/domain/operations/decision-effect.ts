import type { OperationKind } from '../../contracts/operations/registry.ts';
import type { Decision } from '../../contracts/steps.ts';
import { operationText } from './operation-texts.ts';

/** What an operator's decision about a waiting step does, in words. */
export function decisionEffect(decision: Decision, kind: OperationKind): string {
  switch (decision) {
    case 'retry':
      return 'try again';
    case 'skip':
      return 'continue without it';
    case 'abort':
      return operationText(kind).abort;
  }
}
