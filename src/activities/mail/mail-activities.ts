import type { Sender } from '../../mail/sender.ts';
import type { Store } from '../../store/store.ts';
import { sendApology, sendMail, sendStrayRefund } from './send-mail.ts';

export interface MailPorts {
  store: Store;
  sender: Sender;
  baseDomain: string;
  /** Address under which browsers reach the API. */
  publicUrl: string;
  /** The address of a server as a browser opens it. */
  hostUrl(hostname: string): string;
}

export function createMailActivities(ports: MailPorts) {
  return { sendMail: sendMail(ports), sendApology: sendApology(ports), sendStrayRefund: sendStrayRefund(ports) };
}
