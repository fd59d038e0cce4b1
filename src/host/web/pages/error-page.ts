import type { Request, Response } from 'express';
import { textsOf } from '../../../texts/texts.ts';
import type { Host } from '../../host.ts';
import { type HostError, hostReasons, hostReasonText } from '../../reasons.ts';
import { html } from './html.ts';
import { pageFor, sendPage } from './layout.ts';

const { layout: texts } = textsOf('en').host;

/** A refusal as a page of its own: what happened, what to do, and the id that the log knows. */
export function sendErrorPage(
  host: Host,
  { req, res, refusal }: { req: Request; res: Response; refusal: HostError },
): void {
  const status = hostReasons[refusal.code];
  const { title, next } = hostReasonText(refusal.code);
  // A refusal before the session was read has nobody signed in.
  res.locals.visit ??= { user: undefined, session: undefined, seed: '' };
  const body = html`<section class="card narrow"><p class="overline">${status}</p><h1>${title}</h1>
${refusal.detail && refusal.detail !== title && html`<p>${refusal.detail}</p>`}
<p>${next}</p>
<p><a class="button" href="/">${texts.goToStart}</a></p>
<p class="hint">${texts.request({ id: res.locals.requestId as string })}</p></section>`;
  sendPage(pageFor(host, req, res), { title, status, body });
}
