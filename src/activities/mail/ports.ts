import type { CloudName } from '../../contracts/stack.ts';
import type { ProductLinks } from '../../mail/product-links.ts';
import type { Sender } from '../../mail/sender.ts';
import type { Store } from '../../store/store.ts';

export interface MailPorts {
  store: Store;
  sender: Sender;
  baseDomain: string;
  /** Where mails lead for documents and help. */
  links: ProductLinks;
  /** Clouds that are emulated; mails about servers there say so. */
  simulated: readonly CloudName[];
  /** Mails to one address within an hour about orders that were not paid. */
  unpaidMailsPerHour: number;
  /** The link to the page of an order for its payer: a secret, created with the mail and stored nowhere. */
  orderLink(orderId: string): string;
  /** The address of a server as a browser opens it. */
  hostUrl(hostname: string): string;
}
