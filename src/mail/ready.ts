import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';
import type { ProductLinks } from './product-links.ts';

export interface ReadyInput {
  hostname: string;
  /** URL of the new server. */
  url: string;
  adminEmail: string;
  plan: string;
  extendedSupport: boolean;
  links: ProductLinks;
}

const { ready: texts } = textsOf('en').mails;

const render = compileMail<ReadyInput & { snippet: string }>(
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
{{else}}<p style="margin:0">{{say "help.forum" address=(link links.forum links.forum)}}.</p>
{{/if}}`,
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
{{else}}
{{say "help.forum" address=links.forum}}
{{/if}}`,
  },
  texts,
);

/** The e-mail to the administrator of a server that is ready: address, first steps, device, help. */
export function renderReady(input: ReadyInput): Mail {
  return render({ ...input, snippet: `#define THINGER_SERVER "${input.hostname}"` });
}
