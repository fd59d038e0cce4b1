import { type OrderFacts, type StepFacts, stepFacts } from '../../contracts/api/order-facts.ts';
import type { OperationKind } from '../../contracts/operations/registry.ts';
import { operationHasEnded } from '../../contracts/states.ts';
import { operationText } from '../../domain/operations/operation-texts.ts';
import type { OperationRecord } from '../../store/records.ts';
import { textsOf } from '../../texts/texts.ts';
import { operationView } from '../views/operation-view.ts';

const { livePage: texts } = textsOf('en');

/** How long the page shows an ended operation, ms. */
const shownAfterMs = 60 * 60_000;

/** The live page's facts about an operation on a delivered server. */
export interface ServerOperation {
  kind: OperationKind;
  title: string;
  /** Its status in words. */
  words: string;
  steps: StepFacts[];
  /** The page's headline while it runs. */
  headline: { tone: OrderFacts['tone']; title: string; lead: string } | undefined;
}

/** The newest operation on the server after delivery, while it runs and for an hour after its end. */
export function serverOperation(operations: readonly OperationRecord[], at: number): ServerOperation | undefined {
  const [newest] = operations;
  if (!newest || (newest.endedAt && at - newest.endedAt.getTime() > shownAfterMs)) return undefined;
  const { kind, status } = newest;
  const { title, live } = operationText(kind);
  const shown = {
    kind,
    title,
    words: texts.server[status],
    steps: operationView(newest).steps.map((step) => stepFacts(step, operationHasEnded(status))),
  };
  if (operationHasEnded(status)) return { ...shown, headline: undefined };
  const headline =
    status === 'needs_operator'
      ? { tone: 'attention' as const, ...texts.headlines.needs_operator }
      : { tone: 'working' as const, ...live };
  return { ...shown, headline };
}
