import { compileMail, type Mail } from './layout.ts';

export interface SignInCodeInput {
  code: string;
  /** How long the code is valid, ms. */
  validMs: number;
}

const render = compileMail<{ code: string; minutes: number }>(
  {
    subject: '{{code}} is your sign-in code',
    html: `{{> title text="Your sign-in code"}}
<p style="margin:0">Enter this code on the page where you asked for it. It works once, for {{minutes}} minutes.</p>
<p class="code" style="margin:22px 0;padding:16px;background:#f3f5f7;border:1px solid #dde3e8;border-radius:7px;color:#1b2733;text-align:center;font:600 30px/1.2 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;letter-spacing:.2em">{{code}}</p>
<p class="quiet" style="margin:0;font-size:14px;color:#6b7884">You did not ask for it? Then somebody mistyped an address; nothing happens without the code.</p>`,
    text: `Your sign-in code: {{code}}

Enter it on the page where you asked for it. It works once, for {{minutes}} minutes.

You did not ask for it? Then somebody mistyped an address; nothing happens
without the code.`,
  },
  {
    preheader: 'It works once, for {{minutes}} minutes.',
    footer: 'We never ask for this code by telephone or e-mail.',
  },
);

/** The e-mail with a one-time code that signs in the reader of this address. */
export function renderSignInCode(input: SignInCodeInput): Mail {
  return render({ code: input.code, minutes: Math.max(1, Math.round(input.validMs / 60_000)) });
}
