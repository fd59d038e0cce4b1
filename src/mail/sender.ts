import { createTransport } from 'nodemailer';
import { ReasonError } from '../contracts/reasons.ts';
import { maskAddresses } from '../runtime/mask-addresses.ts';
import type { Mail } from './layout.ts';

export interface OutgoingMail extends Mail {
  /** Message-ID, equal for repeated sends of the same mail, so that mailboxes can show it once. */
  messageId: string;
  to: string;
}

export interface Sender {
  /** Passes one mail to the relay. Errors: `mail_unavailable` (retryable), `mail_refused` (an operator has to act). */
  send(mail: OutgoingMail): Promise<void>;
}

/** Timeout of each phase of the SMTP session, ms. */
const timeoutMs = 10_000;

/** A sender for one SMTP relay; every mail uses its own connection, so a restart of the relay costs one retry. */
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
          // An address object is not parsed, so the text cannot contain a second recipient.
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

/**
 * A 5xx reply concerns this mail or its address, unless the relay rejects us as a client; everything else is transient.
 */
function reasonOf(error: unknown): ReasonError {
  const { responseCode, code, message } = error as { responseCode?: number; code?: string; message: string };
  const refused =
    responseCode === undefined
      ? code === 'EENVELOPE' || code === 'EMESSAGE'
      : responseCode >= 500 && code !== 'EAUTH' && code !== 'ETLS' && code !== 'ECONNECTION';
  const status = responseCode === undefined ? (code ?? 'error') : String(responseCode);
  // The relay's message often quotes the address, which is personal data.
  const detail = `${status} ${maskAddresses(message)}`.slice(0, 300);
  // Without the error as its cause: that would be logged with what the relay said.
  return new ReasonError(refused ? 'mail_refused' : 'mail_unavailable', detail);
}
