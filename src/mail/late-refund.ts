import { formatMoney } from '../domain/billing/money.ts';
import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';

export interface LateRefundInput {
  orderId: string;
  hostname: string;
  /** Refunded amount, minor units. */
  amount: number;
  currency: 'EUR';
  orderUrl: string;
}

const { lateRefund: texts } = textsOf('en').mails;

const render = compileMail<Record<'hostname' | 'orderId' | 'money' | 'orderUrl', string>>(
  {
    html: `{{> title text=(say "title")}}
<p style="margin:0">{{say "lead" hostname=(strong hostname)}}</p>
<p style="margin:16px 0 0">{{money}}</p>
{{> button url=orderUrl text=(say "seeOrder")}}
<p class="quiet" style="margin:0;font-size:14px;color:#5b6875">{{say "orderId" orderId=orderId}}</p>`,
    text: `{{underlined "title"}}

{{say "lead" hostname=hostname}}

{{money}}

{{say "seeOrder"}}: {{orderUrl}}
{{say "orderId" orderId=orderId}}`,
  },
  { ...texts, preheader: ({ money }: { money: string }) => money },
);

/** The e-mail to the payer about a late payment that is refunded. */
export function renderLateRefund(input: LateRefundInput): Mail {
  const amount = formatMoney(input.amount, input.currency);
  return render({
    hostname: input.hostname,
    orderId: input.orderId,
    money: texts.money({ amount }),
    orderUrl: input.orderUrl,
  });
}
