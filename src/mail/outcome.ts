import type { ReasonCode } from '../contracts/reasons.ts';
import { formatMoney } from '../domain/billing/money.ts';
import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';

const { reasons: reasonTexts } = textsOf('en');

export interface OutcomeInput {
  orderId: string;
  hostname: string;
  /** How the order ended. */
  state: 'declined' | 'expired' | 'cancelled';
  reason: ReasonCode;
  /** What goes back, in minor units; 0 when nothing had been paid. */
  refunded: number;
  currency: 'EUR';
  orderUrl: string;
}

const titles = {
  declined: 'The payment was declined',
  expired: 'The order has expired',
  cancelled: 'The order is cancelled',
} as const satisfies Record<OutcomeInput['state'], string>;

const render = compileMail<Record<'title' | 'hostname' | 'orderId' | 'why' | 'next' | 'money' | 'orderUrl', string>>(
  {
    subject: '{{title}}: {{hostname}}',
    html: `{{> title text=title}}
<p style="margin:0">Your order for <strong>{{hostname}}</strong> has ended. {{why}}</p>
<p style="margin:16px 0 0">{{money}} {{next}}</p>
{{> button url=orderUrl text="See the order"}}
<p class="quiet" style="margin:0;font-size:14px;color:#6b7884">Order {{orderId}}</p>`,
    text: `{{title}}

Your order for {{hostname}} has ended. {{why}}

{{money}} {{next}}

See the order: {{orderUrl}}
Order {{orderId}}`,
  },
  { preheader: '{{money}}', footer: 'You get this e-mail because you placed this order.' },
);

/** The e-mail to the payer when an order ended without a server by decline, by its deadline, or by cancelling. */
export function renderOutcome(input: OutcomeInput): Mail {
  const money =
    input.refunded > 0
      ? `${formatMoney(input.refunded, input.currency)} go back the way you paid.`
      : 'No money is kept.';
  return render({
    title: titles[input.state],
    hostname: input.hostname,
    orderId: input.orderId,
    why: reasonTexts[input.reason].customer,
    next: 'The name is free, you can order it again.',
    money,
    orderUrl: input.orderUrl,
  });
}
