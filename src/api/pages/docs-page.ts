import type { Express } from 'express';
import type { ApiConfig } from '../../config.ts';
import { type ReasonCode, reasons } from '../../contracts/reasons.ts';
import { html } from '../../routing/html.ts';
import { mountReference } from '../../routing/reference/mount-reference.ts';
import type { Json } from '../../routing/schemas.ts';
import { textsOf } from '../../texts/texts.ts';
import { cookieName } from '../guards/cookies.ts';
import { sessionCookie } from '../guards/session.ts';

const {
  pages: { api: texts },
  reasons: reasonTexts,
} = textsOf('en');

/** Serves `/v1/openapi.json`, `/docs` to read it, and `/docs/problems` with every reason code. */
export function mountDocs(app: Express, document: Json, config: ApiConfig): void {
  const text = JSON.stringify(document);
  app.get('/v1/openapi.json', (_request, response) => {
    response.set('Cache-Control', 'public, max-age=60').type('application/json').send(text);
  });
  mountReference(app, document, {
    base: config.FREEHOLD_PUBLIC_URL.replace(/\/$/, ''),
    document: '/v1/openapi.json',
    codes: '/docs/problems',
    icon: '/assets/icon.svg',
    credentials: {
      session: (method) => [
        `--cookie "${cookieName({ config }, sessionCookie)}=$SESSION"`,
        ...(method === 'get' ? [] : ['-H "X-CSRF-Token: $CSRF_TOKEN"']),
      ],
      capability: () => ['-H "Authorization: Bearer $CAPABILITY"'],
      operator: () => ['-H "Authorization: Bearer $OPERATOR_TOKEN"'],
    },
  });
  app.get('/docs/problems', (_request, response) => {
    response.type('html').send(problems().html);
  });
}

function problems() {
  const { head } = texts.reasons;
  const rows = (Object.keys(reasons) as ReasonCode[]).map((code) => {
    const { status, retryable } = reasons[code];
    const { customer, operator, next } = reasonTexts[code];
    return html`<tr id="${code}"><th scope="row"><code>${code}</code></th><td>${status}</td><td>${customer}</td>
<td>${operator}</td><td>${next}</td><td>${retryable ? texts.reasons.retryable : texts.reasons.final}</td></tr>`;
  });
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${texts.reasons.title} · ${texts.title}</title>
<link rel="stylesheet" href="/assets/page.css">
</head>
<body>
<main class="wide">
<h1>${texts.reasons.title}</h1>
<p class="quiet">${texts.reasons.lead({ field: html`<code>code</code>` })}</p>
<div class="scroll" tabindex="0" role="group" aria-label="${texts.reasons.title}">
<table class="reasons">
<thead><tr><th scope="col">${head.code}</th><th scope="col">${head.status}</th><th scope="col">${head.customer}</th>
<th scope="col">${head.operator}</th><th scope="col">${head.next}</th><th scope="col">${head.retryable}</th></tr></thead>
<tbody>${rows}</tbody>
</table>
</div>
</main>
</body>
</html>`;
}
