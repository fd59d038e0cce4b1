import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import { type ReasonCode, reasons } from '../../contracts/reasons.ts';
import { textsOf } from '../../texts/texts.ts';
import { html } from './html.ts';

const {
  pages: { api: texts },
  reasons: reasonTexts,
} = textsOf('en');

const swaggerFolder = fileURLToPath(new URL('.', import.meta.resolve('swagger-ui-dist/package.json')));
const swaggerFiles = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

const start = `window.addEventListener('load', () => {
  window.SwaggerUIBundle({
    url: '/v1/openapi.json',
    dom_id: '#swagger-ui',
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    docExpansion: 'list',
    validatorUrl: null,
  });
});
`;

/** Serves `/v1/openapi.json`, `/docs` to browse it, and `/docs/problems` with every reason code. */
export function mountDocs(app: Express, document: Record<string, unknown>): void {
  const text = JSON.stringify(document);
  app.get('/v1/openapi.json', (_request, response) => {
    response.set('Cache-Control', 'public, max-age=60').type('application/json').send(text);
  });
  app.get('/docs', (_request, response) => {
    response.type('html').send(browser().html);
  });
  app.get('/docs/start.js', (_request, response) => {
    response.type('text/javascript').send(start);
  });
  app.get('/docs/problems', (_request, response) => {
    response.type('html').send(problems().html);
  });
  const serve = express.static(swaggerFolder, { index: false, maxAge: '1h' });
  app.get(
    swaggerFiles.map((file) => `/docs/${file}`),
    (request, response, next) => {
      request.url = request.url.replace(/^\/docs/, '');
      serve(request, response, next);
    },
  );
}

function browser() {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${texts.title}</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<noscript>${texts.withoutScript({ link: html`<a href="/v1/openapi.json">openapi.json</a>` })}</noscript>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>`;
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
