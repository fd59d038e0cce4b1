import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';
import { type PaidOrder, type PaymentRow, paymentRows } from './payment-rows.ts';
import type { ProductLinks } from './product-links.ts';

export interface ReadyInput {
  hostname: string;
  /** URL of the new server. */
  url: string;
  adminEmail: string;
  plan: string;
  extendedSupport: boolean;
  links: ProductLinks;
  /** Where the administrator is the payer: what they paid, and the live page of the order. */
  payment: { paid: PaidOrder; orderUrl: string } | undefined;
}

interface PaymentPart {
  rows: PaymentRow[];
  orderUrl: string;
}

const { ready: texts } = textsOf('en').mails;

const render = compileMail<Omit<ReadyInput, 'payment'> & { snippet: string; payment: PaymentPart | null }>(
  {
    html: `{{> title text=(say "title")}}
<p style="margin:0">{{say "lead" server=(link url (strong hostname))}}</p>
{{> button url=url text=(say "openServer")}}
{{> heading text=(say "steps.title")}}
<ol style="margin:0;padding-left:22px">
  <li style="margin-bottom:8px">{{say "steps.open" server=(link url url)}}. {{say "steps.nobodyYet"}}</li>
  <li style="margin-bottom:8px">{{say "steps.signUp" button=(strong (say "steps.createAccount")) adminEmail=(strong adminEmail)}}. {{say "steps.othersRefused"}}</li>
  <li>{{say "steps.in"}}</li>
</ol>
{{> heading text=(say "device.title")}}
<p style="margin:0">{{say "device.line"}}</p>
{{> code text=snippet}}
{{> heading text=(say "documents")}}
<ul style="margin:0;padding-left:22px">{{#each links.documents}}<li style="margin-bottom:4px"><a href="{{url}}">{{title}}</a></li>{{/each}}</ul>
{{> heading text=(say "help.title")}}
{{#if extendedSupport}}<p style="margin:0">{{say "help.support" plan=plan address=(mailto links.support)}}</p>
{{else if links.forum}}<p style="margin:0">{{say "help.forum" address=(link links.forum links.forum)}}.</p>
{{else}}<p style="margin:0">{{say "help.documents"}}</p>
{{/if}}
{{#if payment}}{{> heading text=(say "payment")}}
{{> facts rows=payment.rows}}
<p style="margin:0"><a href="{{payment.orderUrl}}">{{say "seeOrder"}}</a></p>{{/if}}`,
    text: `{{underlined "title"}}

{{say "lead" server=url}}

{{underlined "steps.title" as="-"}}
1. {{say "steps.open" server=url}}
   {{say "steps.nobodyYet"}}
2. {{say "steps.signUp" button=(quoted (say "steps.createAccount")) adminEmail=adminEmail}}
   {{say "steps.othersRefused"}}
3. {{say "steps.in"}}

{{underlined "device.title" as="-"}}
{{say "device.line"}}

    {{snippet}}

{{underlined "documents" as="-"}}
{{#each links.documents}}
- {{title}}: {{url}}
{{/each}}

{{underlined "help.title" as="-"}}
{{#if extendedSupport}}
{{say "help.support" plan=plan address=links.support}}
{{else if links.forum}}
{{say "help.forum" address=links.forum}}
{{else}}
{{say "help.documents"}}
{{/if}}
{{#if payment}}

{{underlined "payment" as="-"}}
{{#each payment.rows}}
{{label}}: {{value}}{{#if url}} ({{url}}){{/if}}
{{/each}}

{{say "seeOrder"}}: {{payment.orderUrl}}
{{/if}}`,
  },
  texts,
);

/** The e-mail to the administrator of a server that is ready: address, first steps, device, help. */
export function renderReady(input: ReadyInput): Mail {
  const { payment, ...ready } = input;
  const part = payment ? { rows: paymentRows(payment.paid), orderUrl: payment.orderUrl } : null;
  return render({ ...ready, payment: part, snippet: `#define THINGER_SERVER "${input.hostname}"` });
}
