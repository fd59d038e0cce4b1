import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import type { Log } from '../../src/runtime/log.ts';
import type { Messages } from './messages.ts';

const largestBytes = 10 * 1024 * 1024;

/**
 * An SMTP server that accepts mail for every address, stores it, and delivers nothing. No TLS, no login: loopback only.
 */
export function createSmtpServer({ messages, log }: { messages: Messages; log: Log }): SMTPServer {
  return new SMTPServer({
    banner: 'Freehold mailbox, delivers nothing',
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: largestBytes,
    logger: false,
    onRcptTo({ address }, _session, done) {
      const code = messages.takeFault(address);
      if (code === undefined) return done();
      done(Object.assign(new Error(`fault ${code} as asked for`), { responseCode: code }));
    },
    onData(stream, session, done) {
      simpleParser(stream, { skipTextToHtml: true }).then(
        (mail) => {
          if (stream.sizeExceeded) return done(Object.assign(new Error('message too large'), { responseCode: 552 }));
          messages.add({
            messageId: mail.messageId ?? '',
            from: mail.from?.text ?? (session.envelope.mailFrom ? session.envelope.mailFrom.address : ''),
            to: session.envelope.rcptTo.map(({ address }) => address),
            subject: mail.subject ?? '',
            html: mail.html || '',
            text: mail.text ?? '',
            headers: headersOf(mail),
          });
          log.info({ messageId: mail.messageId }, 'mail received');
          done();
        },
        (error: Error) => {
          log.error({ err: error }, 'mail could not be read');
          done(error);
        },
      );
    },
  });
}

function headersOf(mail: ParsedMail): Record<string, string> {
  return Object.fromEntries(mail.headerLines.map(({ key, line }) => [key, line.slice(line.indexOf(':') + 1).trim()]));
}
