import type { Removable } from '../contracts/api/removal-facts.ts';
import type { ReasonCode } from '../contracts/reasons.ts';
import { type NameStatus, nameText, removingText } from '../domain/billing/describe-removal.ts';
import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';
import { moneyBack } from './money-back.ts';

const {
  mails: { notDelivered: texts },
  reasons: reasonTexts,
} = textsOf('en');

export interface NotDeliveredInput {
  orderId: string;
  hostname: string;
  /** Why the server could not be delivered. */
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

const render = compileMail<Record<'hostname' | 'orderId' | 'why' | 'money' | 'left' | 'name' | 'orderUrl', string>>(
  {
    html: `{{> title text=(say "title")}}
<p style="margin:0">{{say "lead" hostname=(strong hostname)}}</p>
{{> heading text=(say "happened")}}
<p style="margin:0">{{why}}</p>
{{> heading text=(say "money")}}
<p style="margin:0">{{money}}</p>
{{> heading text=(say "now")}}
<p style="margin:0">{{left}} {{name}}</p>
{{> button url=orderUrl text=(say "seeOrder")}}
<p class="quiet" style="margin:0;font-size:14px;color:#5b6875">{{say "orderId" orderId=orderId}}</p>`,
    text: `{{underlined "title"}}

{{say "lead" hostname=hostname}}

{{underlined "happened" as="-"}}
{{why}}

{{underlined "money" as="-"}}
{{money}}

{{underlined "now" as="-"}}
{{left}}
{{name}}

{{say "seeOrder"}}: {{orderUrl}}
{{say "orderId" orderId=orderId}}`,
  },
  { ...texts, preheader: ({ money }: { money: string }) => money },
);

/** The e-mail to the payer when a paid order could not be delivered, with the reason and the refund. */
export function renderNotDelivered(input: NotDeliveredInput): Mail {
  return render({
    hostname: input.hostname,
    orderId: input.orderId,
    why: reasonTexts[input.reason].customer,
    money: moneyBack(input, texts),
    left: removingText(input.removing) ?? texts.nothingLeft,
    name: nameText(input),
    orderUrl: input.orderUrl,
  });
}
