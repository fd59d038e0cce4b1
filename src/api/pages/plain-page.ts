import type { Response } from 'express';
import { type ReasonCode, ReasonError, reasons } from '../../contracts/reasons.ts';
import { type Html, html } from '../../routing/html.ts';
import { requestIdOf } from '../../routing/request-id.ts';
import { isDatabaseAway } from '../../runtime/database-away.ts';
import { textsOf } from '../../texts/texts.ts';
import type { ApiDeps } from '../deps.ts';

const texts = textsOf('en');

/** A page of one card that needs no script. */
export function plainPageHtml(page: { title: string; tone: 'good' | 'bad' | ''; body: Html }): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${page.title}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/page.css">
</head>
<body>
<header class="top"><span class="mark">Freehold</span></header>
<main>
<section class="head ${page.tone}">
<h1>${page.title}</h1>
${page.body}
</section>
</main>
</body>
</html>`;
}

/** The page's text for a refusal where it differs from the reason code's sentence. */
export interface Refusal {
  title: string;
  lead: string;
  /** What the reader can do instead. */
  next: Html;
}

/** Sends a page; an error becomes a page that explains it. */
export async function answerPage(
  response: Response,
  { deps, refusalOf }: { deps: ApiDeps; refusalOf(code: ReasonCode): Partial<Refusal> },
  answer: () => Promise<void>,
): Promise<void> {
  try {
    await answer();
  } catch (error) {
    const unknown = isDatabaseAway(error) ? 'records_unreachable' : 'internal';
    const code = error instanceof ReasonError ? error.code : unknown;
    const requestId = requestIdOf(response);
    if (code === unknown) deps.log.error({ err: error, requestId }, 'a page failed');
    const { customer, next } = texts.reasons[code];
    const refusal = { title: customer, lead: next, ...refusalOf(code) };
    const body = html`<p class="lead">${refusal.lead}</p>
${refusal.next && html`<p>${refusal.next}</p>`}
<p class="quiet">${texts.pages.request({ id: html`<code>${requestId}</code>` })}</p>`;
    const page = plainPageHtml({ title: refusal.title, tone: 'bad', body });
    response.status(reasons[code].status).set('Cache-Control', 'no-store').type('html').send(page.html);
  }
}
