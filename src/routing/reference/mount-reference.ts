import { fileURLToPath } from 'node:url';
import type { Express } from 'express';
import type { Json } from '../schemas.ts';
import type { ApiDocument } from './document.ts';
import { type ReferenceFacts, referencePage } from './reference-page.ts';

/** Serves the calls of a document of `openApiDocument` as a page at `/docs`, which loads only files of this server. */
export function mountReference(app: Express, document: Json, facts: ReferenceFacts): void {
  const page = referencePage(document as unknown as ApiDocument, facts).html;
  app.get('/docs', (_request, response) => {
    response.set('Cache-Control', 'public, max-age=60').type('html').send(page);
  });
  const style = fileURLToPath(new URL('reference.css', import.meta.url));
  app.get('/docs/reference.css', (_request, response) => {
    response.sendFile(style, { maxAge: '5m' });
  });
}
