import { formatMoney } from '../domain/billing/money.ts';
import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';
import { type PaidOrder, type PaymentRow, paymentRows } from './payment-rows.ts';

export interface PaymentInput extends PaidOrder {
  /** The live page of the order. */
  orderUrl: string;
}

const { payment: texts } = textsOf('en').mails;

const render = compileMail<Pick<PaymentInput, 'hostname' | 'orderUrl'> & { money: string; rows: PaymentRow[] }>(
  {
    html: `{{> title text=(say "title")}}
<p style="margin:0">{{say "lead"}}</p>
{{> facts rows=rows}}
{{> button url=orderUrl text=(say "seeOrder")}}`,
    text: `{{underlined "title"}}

{{say "lead"}}

{{#each rows}}
{{label}}: {{value}}{{#if url}} ({{url}}){{/if}}
{{/each}}

{{say "seeOrder"}}: {{orderUrl}}`,
  },
  texts,
);

/** The e-mail to a payer who is not the administrator, when the server is ready. */
export function renderPayment(input: PaymentInput): Mail {
  const money = formatMoney(input.paid, input.currency);
  return render({ hostname: input.hostname, orderUrl: input.orderUrl, money, rows: paymentRows(input) });
}
