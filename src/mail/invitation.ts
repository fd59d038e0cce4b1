import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';

export interface InvitationInput {
  /** Address that the account belongs to. */
  account: string;
  /** The inviting member. */
  inviter: string;
  /** The new member's rights, in words. */
  rights: string[];
  /** Activation link: a secret. */
  url: string;
  /** How long the link is valid, ms. */
  validMs: number;
}

const { invitation: texts } = textsOf('en').mails;

const render = compileMail<InvitationInput & { validity: string }>(
  {
    html: `{{> title text=(say "title")}}
<p style="margin:0">{{say "lead" inviter=(strong inviter) account=(strong account)}} {{say "rights"}}</p>
<ul style="margin:12px 0 0;padding-left:22px">{{#each rights}}<li style="margin-bottom:4px">{{this}}</li>{{/each}}</ul>
{{> button url=url text=(say "accept")}}
<p class="quiet" style="margin:0;font-size:14px;color:#5b6875">{{say "once" validity=validity}} {{say "unknown" inviter=inviter}}</p>`,
    text: `{{underlined "title"}}

{{say "lead" inviter=inviter account=account}}
{{say "rights"}}
{{#each rights}}
- {{this}}
{{/each}}

{{say "accept"}}: {{url}}

{{say "once" validity=validity}}
{{say "unknown" inviter=inviter}}`,
  },
  texts,
);

const hourMs = 3_600_000;

/** The e-mail with the activation link of a new member. */
export function renderInvitation(input: InvitationInput): Mail {
  const hours = Math.max(1, Math.round(input.validMs / hourMs));
  const validity =
    hours >= 48 ? texts.validity.days({ days: Math.round(hours / 24) }) : texts.validity.hours({ hours });
  return render({ ...input, validity });
}
