import { formatMoney } from '../domain/billing/money.ts';
import { compileMail, type Mail } from './layout.ts';

export interface PaymentInput {
  orderId: string;
  hostname: string;
  plan: string;
  /** What was paid, tax included, in minor units. */
  amount: number;
  currency: 'EUR';
  /** The live page of the order. */
  orderUrl: string;
}

const render = compileMail<PaymentInput & { money: string; rows: { label: string; value: string }[] }>(
  {
    subject: 'Paid and delivered: {{hostname}}',
    html: `{{> title text="Paid and delivered"}}
<p style="margin:0">Thank you. The server you paid for is ready, and its administrator has the first steps.</p>
{{> facts rows=rows}}
{{> button url=orderUrl text="See the order"}}`,
    text: `Paid and delivered
==================

Thank you. The server you paid for is ready, and its administrator has the
first steps.

{{#each rows}}
{{label}}: {{value}}
{{/each}}

See the order: {{orderUrl}}`,
  },
  {
    preheader: '{{money}} for {{hostname}}.',
    footer: 'You get this e-mail because this address was given for the bill.',
  },
);

/** The e-mail to the payer, where another than the administrator, when the server is ready. */
export function renderPayment(input: PaymentInput): Mail {
  const money = formatMoney(input.amount, input.currency);
  const rows = [
    { label: 'Server', value: input.hostname },
    { label: 'Plan', value: input.plan },
    { label: 'Paid', value: money },
    { label: 'Order', value: input.orderId },
  ];
  return render({ ...input, money, rows });
}
