import { mailAgain, tellReplacedAddress } from './mail-again.ts';
import type { MailPorts } from './ports.ts';
import { sendLateRefund, sendMail, sendOrderLink, sendOutcomeMail } from './send-mail.ts';
import { sendServerIncident } from './send-server-incident.ts';

export function createMailActivities(ports: MailPorts) {
  return {
    sendMail: sendMail(ports),
    sendOrderLink: sendOrderLink(ports),
    sendOutcomeMail: sendOutcomeMail(ports),
    sendLateRefund: sendLateRefund(ports),
    mailAgain: mailAgain(ports),
    tellReplacedAddress: tellReplacedAddress(ports),
    sendServerIncident: sendServerIncident(ports),
  };
}
