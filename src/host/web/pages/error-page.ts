import type { Request, Response } from 'express';
import type { Host } from '../../host.ts';
import { type HostError, hostReasons } from '../../reasons.ts';
import { html } from './html.ts';
import { pageFor, sendPage } from './layout.ts';

/** A refusal as a separate page: what happened, what to do, and the request id in the log. */
export function sendErrorPage(
  host: Host,
  { req, res, refusal }: { req: Request; res: Response; refusal: HostError },
): void {
  const { status, title, next } = hostReasons[refusal.code];
  // A refusal before the session was read has no signed-in user.
  res.locals.visit ??= { user: undefined, session: undefined, seed: '' };
  const body = html`<section class="card narrow"><p class="overline">${status}</p><h1>${title}</h1>
${refusal.detail && refusal.detail !== title && html`<p>${refusal.detail}</p>`}
<p>${next}</p>
<p><a class="button" href="/">Go to the start page</a></p>
<p class="hint">Request ${res.locals.requestId as string}</p></section>`;
  sendPage(pageFor(host, req, res), { title, status, body });
}
