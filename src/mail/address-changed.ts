import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';

export interface AddressChangedInput {
  orderId: string;
  hostname: string;
  /** Address of the people whom the reader asks when they did not want this. */
  support: string;
}

const { addressChanged: texts } = textsOf('en').mails;

const render = compileMail<AddressChangedInput>(
  {
    html: `{{> title text=(say "title")}}
<p style="margin:0">{{say "lead" hostname=(strong hostname)}}</p>
<p style="margin:16px 0 0">{{say "unexpected" support=(mailto support)}}</p>
<p class="quiet" style="margin:16px 0 0;font-size:14px;color:#5b6875">{{say "orderId" orderId=orderId}}</p>`,
    text: `{{underlined "title"}}

{{say "lead" hostname=hostname}}

{{say "unexpected" support=support}}

{{say "orderId" orderId=orderId}}`,
  },
  texts,
);

/** The e-mail to an address that an operator has replaced: it gets no more mail about the order. */
export function renderAddressChanged(input: AddressChangedInput): Mail {
  return render(input);
}
