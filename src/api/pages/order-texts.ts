import type { MoneyFacts, OrderFacts, OutcomeFacts, StepFacts } from '../../contracts/api/order-facts.ts';
import { type OperationKind, orderOperation } from '../../contracts/operations/registry.ts';
import { nameText } from '../../domain/billing/describe-removal.ts';
import { formatMoney } from '../../domain/billing/money.ts';
import { stepText } from '../../domain/operations/operation-texts.ts';
import { textsOf } from '../../texts/texts.ts';

const texts = textsOf('en');
const { livePage } = texts;

/**
 * The sentence for the live region: state and current step of the order, or the headline of the operation on the
 * delivered server.
 */
export function announcementText({ headline, current }: OrderFacts, serverTitle?: string): string {
  if (serverTitle) return livePage.announcement({ title: serverTitle });
  const { title } = livePage.headlines[headline];
  if (!current) return livePage.announcement({ title });
  const { step, status } = current;
  return livePage.announcementOfStep({
    title,
    step: stepText(step, orderOperation.kind).title,
    status: livePage.status[status],
  });
}

/** The note under a step; undefined for one that explains itself. */
export function noteText({ step, note }: StepFacts, kind: OperationKind): string | undefined {
  if (!note) return undefined;
  return note === 'why' ? stepText(step, kind).why : texts.reasons[note].customer;
}

/** How long building such a server usually takes. */
export function estimateText(estimate: OrderFacts['estimate']): string | undefined {
  if (!estimate) return undefined;
  if (estimate === 'none') return livePage.estimate.none;
  const { lowMs, highMs } = estimate;
  const inSeconds = highMs < 90_000;
  const [low, high] = [lowMs, highMs].map((ms) => Math.max(1, Math.round(ms / (inSeconds ? 1_000 : 60_000)))) as [
    number,
    number,
  ];
  const { seconds, aboutSeconds, minutes, aboutMinutes } = livePage.estimate;
  if (low === high) return (inSeconds ? aboutSeconds : aboutMinutes)({ high });
  return (inSeconds ? seconds : minutes)({ low, high });
}

/** What happened, what was charged, and who acts next; after the end, what became of the name. */
export function outcomeTexts(
  { happened, money, next, name }: OutcomeFacts,
  { currency, hostname }: { currency: 'EUR'; hostname: string },
) {
  const hasEnded = next === 'nobody' || next === 'by_hand' || next === 'removal';
  return {
    happened:
      happened === 'step_failed' || happened === 'order_ended'
        ? livePage.outcome.happened[happened]
        : texts.reasons[happened].customer,
    money: moneyText(money, currency),
    next: livePage.outcome.next[next] + (hasEnded ? ` ${nameText({ name, hostname })}` : ''),
  };
}

function moneyText(money: MoneyFacts, currency: 'EUR'): string {
  const paid = formatMoney(money.paid, currency);
  const { not_read_yet, on_its_way, nothing_charged, charged, given_back, owed_by_hand, going_back, partly_back } =
    livePage.outcome.money;
  switch (money.code) {
    case 'on_its_way':
      return on_its_way;
    case 'nothing_charged':
      return nothing_charged;
    case 'not_read_yet':
      return not_read_yet;
    case 'charged':
      return charged({ paid });
    case 'given_back':
      return given_back({ paid });
    case 'owed_by_hand':
      return owed_by_hand({ owed: formatMoney(money.paid - money.refunded, currency) });
    case 'going_back':
      return going_back({ paid });
    case 'partly_back':
      return partly_back({ paid, refunded: formatMoney(money.refunded, currency) });
  }
}
