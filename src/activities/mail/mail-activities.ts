import type { MailPorts } from './ports.ts';
import { sendLateRefund, sendMail, sendOutcomeMail } from './send-mail.ts';

export function createMailActivities(ports: MailPorts) {
  return { sendMail: sendMail(ports), sendOutcomeMail: sendOutcomeMail(ports), sendLateRefund: sendLateRefund(ports) };
}
