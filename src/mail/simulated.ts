import { textsOf } from '../texts/texts.ts';
import type { Mail } from './layout.ts';

const { simulated: texts } = textsOf('en').mails;

/** Marks a mail about a server on a simulated cloud at the start of subject, page and text. */
export function markSimulated({ subject, html, text }: Mail): Mail {
  const note = `<p style="margin:0;padding:12px 24px;background:#fff4d6;color:#5c4400;font-family:sans-serif">${texts.note}</p>`;
  return {
    subject: texts.subject({ subject }),
    html: html.replace(/<body[^>]*>/, (body) => body + note),
    text: `${texts.note}\n\n${text}`,
  };
}
