import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';

export interface SignInCodeInput {
  code: string;
  /** How long the code is valid, ms. */
  validMs: number;
}

const { signInCode: texts } = textsOf('en').mails;

const render = compileMail<{ code: string; minutes: number }>(
  {
    html: `{{> title text=(say "title")}}
<p style="margin:0">{{say "enter" minutes=minutes}}</p>
<p class="code" style="margin:22px 0;padding:16px;background:#f3f5f7;border:1px solid #dde3e8;border-radius:7px;color:#1b2733;text-align:center;font:600 30px/1.2 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;letter-spacing:.2em">{{code}}</p>
<p class="quiet" style="margin:0;font-size:14px;color:#5b6875">{{say "unasked"}}</p>`,
    text: `{{say "titleWithCode" code=code}}

{{say "enter" minutes=minutes}}

{{say "unasked"}}`,
  },
  texts,
);

/** The e-mail with a one-time code that signs in the reader of this address. */
export function renderSignInCode(input: SignInCodeInput): Mail {
  return render({ code: input.code, minutes: Math.max(1, Math.round(input.validMs / 60_000)) });
}
