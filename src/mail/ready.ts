import { compileMail, type Mail } from './layout.ts';
import type { ProductLinks } from './product-links.ts';

export interface ReadyInput {
  hostname: string;
  /** Address of the new server as a browser opens it. */
  url: string;
  adminEmail: string;
  plan: string;
  extendedSupport: boolean;
  links: ProductLinks;
}

const render = compileMail<ReadyInput & { snippet: string }>(
  {
    subject: 'Your server {{hostname}} is ready',
    html: `{{> title text="Your server is ready"}}
<p style="margin:0">It answers at <a href="{{url}}"><strong>{{hostname}}</strong></a> and belongs to nobody else.</p>
{{> button url=url text="Open your server"}}
{{> heading text="First steps"}}
<ol style="margin:0;padding-left:22px">
  <li style="margin-bottom:8px">Open <a href="{{url}}">{{url}}</a>. Nobody has an account there yet.</li>
  <li style="margin-bottom:8px">Choose <strong>Create account</strong> and sign up with <strong>{{adminEmail}}</strong>. Any other address is refused until you admit it.</li>
  <li>You are in. No confirmation mail is needed.</li>
</ol>
{{> heading text="Connect your first device"}}
<p style="margin:0">Put this line at the top of your device's source. Without it the device connects to the public community server instead of yours.</p>
{{> code text=snippet}}
{{> heading text="Documents"}}
<ul style="margin:0;padding-left:22px">{{#each links.documents}}<li style="margin-bottom:4px"><a href="{{url}}">{{title}}</a></li>{{/each}}</ul>
{{> heading text="Help"}}
{{#if extendedSupport}}<p style="margin:0">Your {{plan}} plan has extended support: write to <a href="mailto:{{links.support}}">{{links.support}}</a>, our engineers answer within 24 to 48 hours.</p>
{{else}}<p style="margin:0">Ask and search in the community forum: <a href="{{links.forum}}">{{links.forum}}</a>.</p>
{{/if}}`,
    text: `Your server is ready
====================

It answers at {{url}} and belongs to nobody else.

First steps
-----------
1. Open {{url}}
   Nobody has an account there yet.
2. Choose "Create account" and sign up with {{adminEmail}}
   Any other address is refused until you admit it.
3. You are in. No confirmation mail is needed.

Connect your first device
-------------------------
Put this line at the top of your device's source. Without it the device
connects to the public community server instead of yours.

    {{snippet}}

Documents
---------
{{#each links.documents}}
- {{title}}: {{url}}
{{/each}}

Help
----
{{#if extendedSupport}}
Your {{plan}} plan has extended support: write to {{links.support}},
our engineers answer within 24 to 48 hours.
{{else}}
Ask and search in the community forum: {{links.forum}}
{{/if}}`,
  },
  {
    preheader: 'Open {{hostname}} and create your account.',
    footer: 'You get this e-mail because this address was named as the administrator of the server.',
  },
);

/** The e-mail to the administrator of a server that has just become ready: address, first steps, device, help. */
export function renderReady(input: ReadyInput): Mail {
  return render({ ...input, snippet: `#define THINGER_SERVER "${input.hostname}"` });
}
