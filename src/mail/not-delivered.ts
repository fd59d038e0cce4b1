import type { ReasonCode } from '../contracts/reasons.ts';
import { formatMoney } from '../domain/billing/money.ts';
import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';

const { reasons: reasonTexts } = textsOf('en');

export interface NotDeliveredInput {
  orderId: string;
  hostname: string;
  /** Why the server could not be delivered. */
  reason: ReasonCode;
  /** What goes back, in minor units; 0 when nothing had been paid. */
  refunded: number;
  currency: 'EUR';
  orderUrl: string;
}

const render = compileMail<Record<'hostname' | 'orderId' | 'why' | 'money' | 'orderUrl', string>>(
  {
    subject: 'We could not deliver {{hostname}}',
    html: `{{> title text="We could not deliver your server"}}
<p style="margin:0">We are sorry. You ordered <strong>{{hostname}}</strong> and we did not manage to deliver it.</p>
{{> heading text="What happened"}}
<p style="margin:0">{{why}}</p>
{{> heading text="Your money"}}
<p style="margin:0">{{money}}</p>
{{> heading text="What now"}}
<p style="margin:0">Nothing is left of the order: no server, no licence, no subscription. The name is free, you can order it again.</p>
{{> button url=orderUrl text="See the order"}}
<p class="quiet" style="margin:0;font-size:14px;color:#6b7884">Order {{orderId}}</p>`,
    text: `We could not deliver your server
================================

We are sorry. You ordered {{hostname}} and we did not manage to deliver it.

What happened
-------------
{{why}}

Your money
----------
{{money}}

What now
--------
Nothing is left of the order: no server, no licence, no subscription.
The name is free, you can order it again.

See the order: {{orderUrl}}
Order {{orderId}}`,
  },
  { preheader: '{{money}}', footer: 'You get this e-mail because you placed this order.' },
);

/** The e-mail to the payer when a paid order could not be delivered: the reason, and where the money goes. */
export function renderNotDelivered(input: NotDeliveredInput): Mail {
  const money =
    input.refunded > 0
      ? `${formatMoney(input.refunded, input.currency)} go back to the card or account you paid with. Depending on your bank this takes up to ten days.`
      : 'Nothing was charged.';
  return render({
    hostname: input.hostname,
    orderId: input.orderId,
    why: reasonTexts[input.reason].customer,
    money,
    orderUrl: input.orderUrl,
  });
}
