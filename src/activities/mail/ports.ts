import type { CloudName } from '../../contracts/stack.ts';
import type { Sender } from '../../mail/sender.ts';
import type { Store } from '../../store/store.ts';

export interface MailPorts {
  store: Store;
  sender: Sender;
  baseDomain: string;
  /** Clouds that are not the real ones; mails about servers there say so. */
  simulated: readonly CloudName[];
  /** The link that opens the page of an order for its payer: a secret, made when the mail is built and kept nowhere. */
  orderLink(orderId: string): string;
  /** The address of a server as a browser opens it. */
  hostUrl(hostname: string): string;
}
