import { formatMoney } from '../domain/billing/money.ts';
import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';

export interface LateRefundInput {
  /** Whether an earlier refund had failed, instead of the payment being late. */
  isRepeated: boolean;
  orderId: string;
  hostname: string;
  /** Refunded amount, minor units. */
  amount: number;
  currency: 'EUR';
  orderUrl: string;
}

const { lateRefund: texts } = textsOf('en').mails;

const render = compileMail<Record<'cause' | 'hostname' | 'orderId' | 'money' | 'orderUrl', string>>(
  {
    html: `{{> title text=(say "title")}}
<p style="margin:0">{{say "lead" cause=cause hostname=(strong hostname)}}</p>
<p style="margin:16px 0 0">{{money}}</p>
{{> button url=orderUrl text=(say "seeOrder")}}
<p class="quiet" style="margin:0;font-size:14px;color:#5b6875">{{say "orderId" orderId=orderId}}</p>`,
    text: `{{underlined "title"}}

{{say "lead" cause=cause hostname=hostname}}

{{money}}

{{say "seeOrder"}}: {{orderUrl}}
{{say "orderId" orderId=orderId}}`,
  },
  { ...texts, preheader: ({ money }: { money: string }) => money },
);

/** The e-mail to the payer about money that goes back after the end of its order. */
export function renderLateRefund(input: LateRefundInput): Mail {
  const amount = formatMoney(input.amount, input.currency);
  return render({
    cause: input.isRepeated ? 'failed_refund' : 'late_payment',
    hostname: input.hostname,
    orderId: input.orderId,
    money: texts.money({ amount }),
    orderUrl: input.orderUrl,
  });
}
