import { operationHasEnded } from '../../contracts/states.ts';
import { operationText } from '../../domain/operations/operation-texts.ts';
import type { OperationRecord } from '../../store/records.ts';
import { stepsOf } from '../views/operation-view.ts';
import { type OrderFacts, type StepFacts, stepFacts } from './order-facts.ts';

/** How long the page tells of an operation that has ended, ms. */
const shownAfterMs = 60 * 60_000;

/** What the live page says about an operation of a delivered server. */
export interface ServerOperation {
  title: string;
  /** How it stands, in words. */
  words: string;
  steps: StepFacts[];
  /** What the page is headed with while it runs. */
  headline: Pick<OrderFacts, 'tone' | 'title' | 'lead'> | undefined;
}

const endWords: Partial<Record<OperationRecord['status'], string>> = {
  succeeded: 'done',
  failed: 'did not succeed',
  cancelled: 'was ended',
};

/** The newest operation that changed the server after its delivery, while it runs and for an hour after its end. */
export function serverOperation(operations: readonly OperationRecord[], at: number): ServerOperation | undefined {
  const [newest] = operations;
  if (!newest || (newest.endedAt && at - newest.endedAt.getTime() > shownAfterMs)) return undefined;
  const { title, live } = operationText(newest.kind);
  const words =
    endWords[newest.status] ?? (newest.status === 'needs_operator' ? 'looked after by our team' : 'running');
  const steps = stepsOf(newest).map((step) => stepFacts(step, newest.kind));
  if (operationHasEnded(newest.status)) return { title, words, steps, headline: undefined };
  const headline =
    newest.status === 'needs_operator'
      ? {
          tone: 'attention' as const,
          title: 'A step needs our team',
          lead: 'We have been told and look after it. You need not do anything.',
        }
      : { tone: 'working' as const, ...live };
  return { title, words, steps, headline };
}
