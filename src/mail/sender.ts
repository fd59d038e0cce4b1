import { createTransport } from 'nodemailer';
import { ReasonError } from '../contracts/reasons.ts';
import type { Mail } from './layout.ts';

export interface OutgoingMail extends Mail {
  /** `<kind of this order@domain>`: the same mail sent twice carries the same id, so readers see it once. */
  messageId: string;
  to: string;
}

export interface Sender {
  /** Hands one mail over to the relay. Errors: `mail_unavailable` (retry), `mail_refused` (somebody has to act). */
  send(mail: OutgoingMail): Promise<void>;
}

/** How long one phase of the SMTP talk may take, ms. */
const timeoutMs = 10_000;

/** A sender over one SMTP relay; every mail is a connection of its own, so a restart of the relay costs one retry. */
export function createSender(options: { smtpUrl: string; from: string }): Sender {
  const transport = createTransport({
    url: options.smtpUrl,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: 2 * timeoutMs,
  });
  const domain = /@([^>\s]+)>?\s*$/.exec(options.from)?.[1] ?? 'localhost';
  return {
    async send({ messageId, to, subject, html, text }) {
      try {
        await transport.sendMail({
          messageId,
          from: options.from,
          // An address object is never parsed, so no second recipient hides in the text.
          to: { name: '', address: to },
          subject,
          html,
          text,
          headers: { 'Auto-Submitted': 'auto-generated', 'List-Id': `<notices.${domain}>` },
        });
      } catch (error) {
        throw reasonOf(error);
      }
    },
  };
}

/** 5xx concerns this mail or its address, except where the relay refuses us; everything else passes with time. */
function reasonOf(error: unknown): ReasonError {
  const { responseCode, code, message } = error as { responseCode?: number; code?: string; message: string };
  const refused =
    responseCode === undefined
      ? code === 'EENVELOPE' || code === 'EMESSAGE'
      : responseCode >= 500 && code !== 'EAUTH' && code !== 'ETLS' && code !== 'ECONNECTION';
  const status = responseCode === undefined ? (code ?? 'error') : String(responseCode);
  // The relay's sentence often quotes the address, which is personal data.
  const detail = `${status} ${message.replaceAll(/[^\s<>]+@[^\s<>]+/g, '[address]')}`.slice(0, 300);
  return new ReasonError(refused ? 'mail_refused' : 'mail_unavailable', detail, { cause: error });
}
