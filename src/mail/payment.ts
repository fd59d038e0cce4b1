import { formatMoney } from '../domain/billing/money.ts';
import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';

export interface PaymentInput {
  orderId: string;
  hostname: string;
  plan: string;
  /** Paid amount including tax, minor units. */
  amount: number;
  currency: 'EUR';
  /** The live page of the order. */
  orderUrl: string;
}

const { payment: texts } = textsOf('en').mails;

const render = compileMail<PaymentInput & { money: string; rows: { label: string; value: string }[] }>(
  {
    html: `{{> title text=(say "title")}}
<p style="margin:0">{{say "lead"}}</p>
{{> facts rows=rows}}
{{> button url=orderUrl text=(say "seeOrder")}}`,
    text: `{{underlined "title"}}

{{say "lead"}}

{{#each rows}}
{{label}}: {{value}}
{{/each}}

{{say "seeOrder"}}: {{orderUrl}}`,
  },
  texts,
);

/** The e-mail to a payer who is not the administrator, when the server is ready. */
export function renderPayment(input: PaymentInput): Mail {
  const money = formatMoney(input.amount, input.currency);
  const rows = [
    { label: texts.rows.server, value: input.hostname },
    { label: texts.rows.plan, value: input.plan },
    { label: texts.rows.paid, value: money },
    { label: texts.rows.order, value: input.orderId },
  ];
  return render({ ...input, money, rows });
}
