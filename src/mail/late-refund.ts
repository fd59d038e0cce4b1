import { formatMoney } from '../domain/billing/money.ts';
import { compileMail, type Mail } from './layout.ts';

export interface LateRefundInput {
  orderId: string;
  hostname: string;
  /** What goes back, in minor units. */
  amount: number;
  currency: 'EUR';
  orderUrl: string;
}

const render = compileMail<Record<'hostname' | 'orderId' | 'money' | 'orderUrl', string>>(
  {
    subject: 'Your payment goes back: {{hostname}}',
    html: `{{> title text="Your payment goes back"}}
<p style="margin:0">Your payment for <strong>{{hostname}}</strong> reached us after the order had ended.</p>
<p style="margin:16px 0 0">{{money}}</p>
{{> button url=orderUrl text="See the order"}}
<p class="quiet" style="margin:0;font-size:14px;color:#6b7884">Order {{orderId}}</p>`,
    text: `Your payment goes back
======================

Your payment for {{hostname}} reached us after the order had ended.

{{money}}

See the order: {{orderUrl}}
Order {{orderId}}`,
  },
  { preheader: '{{money}}', footer: 'You get this e-mail because you placed this order.' },
);

/** The e-mail to the payer when money came after its order had ended. */
export function renderLateRefund(input: LateRefundInput): Mail {
  const amount = formatMoney(input.amount, input.currency);
  return render({
    hostname: input.hostname,
    orderId: input.orderId,
    money: `${amount} go back the way you paid. Depending on your bank this takes up to ten days.`,
    orderUrl: input.orderUrl,
  });
}
