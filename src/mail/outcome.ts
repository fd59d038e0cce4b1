import type { Removable } from '../contracts/api/removal-facts.ts';
import type { ReasonCode } from '../contracts/reasons.ts';
import { type NameStatus, nameText, removingText } from '../domain/billing/describe-removal.ts';
import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';
import { moneyBack } from './money-back.ts';

const {
  mails: { outcome: texts },
  reasons: reasonTexts,
} = textsOf('en');

export interface OutcomeInput {
  orderId: string;
  hostname: string;
  /** Final state of the order. */
  state: 'declined' | 'expired' | 'cancelled';
  reason: ReasonCode;
  /** Paid and given back, minor units; where less went back, a person returns the rest. */
  paid: number;
  refunded: number;
  /** What of the order is not removed yet. */
  removing: readonly Removable[];
  /** Who has the hostname: the order until everything is removed, nobody, or somebody else. */
  name: NameStatus;
  currency: 'EUR';
  orderUrl: string;
}

const render = compileMail<Record<'title' | 'hostname' | 'orderId' | 'why' | 'next' | 'money' | 'orderUrl', string>>(
  {
    html: `{{> title text=title}}
<p style="margin:0">{{say "lead" hostname=(strong hostname) why=why}}</p>
<p style="margin:16px 0 0">{{money}} {{next}}</p>
{{> button url=orderUrl text=(say "seeOrder")}}
<p class="quiet" style="margin:0;font-size:14px;color:#5b6875">{{say "orderId" orderId=orderId}}</p>`,
    text: `{{title}}

{{say "lead" hostname=hostname why=why}}

{{money}} {{next}}

{{say "seeOrder"}}: {{orderUrl}}
{{say "orderId" orderId=orderId}}`,
  },
  { ...texts, preheader: ({ money }: { money: string }) => money },
);

/** The e-mail to the payer when an order ended undelivered: declined, expired or cancelled. */
export function renderOutcome(input: OutcomeInput): Mail {
  return render({
    title: texts.titles[input.state],
    hostname: input.hostname,
    orderId: input.orderId,
    why: reasonTexts[input.reason].customer,
    next: [removingText(input.removing), nameText(input)].filter((text) => text !== undefined).join(' '),
    money: moneyBack(input, texts),
    orderUrl: input.orderUrl,
  });
}
