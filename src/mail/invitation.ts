import { compileMail, type Mail } from './layout.ts';

export interface InvitationInput {
  /** Address by which the account is known. */
  account: string;
  /** Who invites. */
  inviter: string;
  /** What the member will be allowed, in words. */
  rights: string[];
  /** Activation link: a secret. */
  url: string;
  /** How long the link is valid, ms. */
  validMs: number;
}

const render = compileMail<InvitationInput & { validity: string }>(
  {
    subject: 'You are invited to the account {{account}}',
    html: `{{> title text="You are invited"}}
<p style="margin:0"><strong>{{inviter}}</strong> invites you to the Freehold account <strong>{{account}}</strong>. As a member you may:</p>
<ul style="margin:12px 0 0;padding-left:22px">{{#each rights}}<li style="margin-bottom:4px">{{this}}</li>{{/each}}</ul>
{{> button url=url text="Accept the invitation"}}
<p class="quiet" style="margin:0;font-size:14px;color:#6b7884">The link works once, for {{validity}}, for whoever has it: pass it on to nobody. You do not know {{inviter}}? Then ignore this e-mail; nothing happens.</p>`,
    text: `You are invited
===============

{{inviter}} invites you to the Freehold account {{account}}.
As a member you may:
{{#each rights}}
- {{this}}
{{/each}}

Accept the invitation: {{url}}

The link works once, for {{validity}}, for whoever has it: pass it on to nobody.
You do not know {{inviter}}? Then ignore this e-mail; nothing happens.`,
  },
  {
    preheader: '{{inviter}} invites you; the link works for {{validity}}.',
    footer: 'You get this e-mail because a member of the account gave this address.',
  },
);

const hourMs = 3_600_000;

/** The e-mail with the activation link of a new member. */
export function renderInvitation(input: InvitationInput): Mail {
  const hours = Math.max(1, Math.round(input.validMs / hourMs));
  const validity = hours >= 48 ? `${Math.round(hours / 24)} days` : hours === 1 ? 'an hour' : `${hours} hours`;
  return render({ ...input, validity });
}
