import type { Mail } from './layout.ts';

const sentence = 'This is a simulation: no real cloud has any part of this server.';

/** The same mail about a server on a cloud that is not the real one: subject, page and text say so before all else. */
export function markSimulated({ subject, html, text }: Mail): Mail {
  const note = `<p style="margin:0;padding:12px 24px;background:#fff4d6;color:#5c4400;font-family:sans-serif">${sentence}</p>`;
  return {
    subject: `[simulated] ${subject}`,
    html: html.replace(/<body[^>]*>/, (body) => body + note),
    text: `${sentence}\n\n${text}`,
  };
}
