import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';

export interface OrderLinkInput {
  orderId: string;
  hostname: string;
  /** Whether the payment has arrived. */
  isPaid: boolean;
  /** The live page of the order, for anyone who has the link. */
  orderUrl: string;
}

const { orderLink: texts } = textsOf('en').mails;

const render = compileMail<Record<'hostname' | 'orderId' | 'orderUrl' | 'state', string>>(
  {
    html: `{{> title text=(say "title")}}
<p style="margin:0">{{say "lead" hostname=(strong hostname)}} {{state}}</p>
<p style="margin:16px 0 0">{{say "page"}}</p>
{{> button url=orderUrl text=(say "seeOrder")}}
<p class="quiet" style="margin:0;font-size:14px;color:#5b6875">{{say "secret"}} {{say "orderId" orderId=orderId}}</p>`,
    text: `{{underlined "title"}}

{{say "lead" hostname=hostname}} {{state}}

{{say "page"}}

{{say "seeOrder"}}: {{orderUrl}}
{{say "secret"}}
{{say "orderId" orderId=orderId}}`,
  },
  { ...texts, preheader: ({ state }: { state: string }) => state },
);

/** The e-mail with the link of an order, to a buyer who has paid or whose address is proven. */
export function renderOrderLink({ isPaid, ...input }: OrderLinkInput): Mail {
  return render({ ...input, state: isPaid ? texts.paid : texts.unpaid });
}
