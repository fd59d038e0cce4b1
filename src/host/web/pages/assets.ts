import { readFileSync } from 'node:fs';
import { Router } from 'express';
import { readableOn, textOn } from '../../colours.ts';
import type { Host } from '../../host.ts';
import { defaultColours } from '../../inputs.ts';
import { HostError } from '../../reasons.ts';
import { hostnameOf } from '../hostname.ts';

const style = readFileSync(new URL('./style.css', import.meta.url), 'utf8');

/** Page backgrounds of style.css, on which the accent must stay readable as text. */
const paper = { light: '#ffffff', dark: '#171d1b' };

function brandStyle({ accent, band }: { accent: string; band: string }): string {
  const properties = (background: string) => {
    const text = readableOn(background, accent);
    return `--accent:${text};--on-accent:${textOn(text)};--band:${band};--on-band:${textOn(band)}`;
  };
  return `:root{${properties(paper.light)}}@media(prefers-color-scheme:dark){:root{${properties(paper.dark)}}}\n`;
}

/** Style sheet, icon and pictures; those of a brand follow the Host header. */
export function assetRoutes(host: Host): Router {
  const router = Router();
  const colours = (hostname: string) => host.store.brands.forHost(hostname) ?? defaultColours;
  const brandById = (id: string) => {
    const brand = host.store.brands.list().find((one) => one.id === id);
    if (!brand) throw new HostError('not_found');
    return brand;
  };

  router.get('/style.css', (_req, res) => {
    res.type('css').setHeader('Cache-Control', 'public, max-age=86400');
    res.send(style);
  });
  router.get('/brand.css', (req, res) => {
    res.type('css').setHeader('Cache-Control', 'no-cache');
    res.send(brandStyle(colours(hostnameOf(req))));
  });
  router.get('/icon.svg', (req, res) => {
    const { accent } = colours(hostnameOf(req));
    res.type('svg').setHeader('Cache-Control', 'no-cache');
    res.send(
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28"><rect width="28" height="28" rx="7" fill="${accent}"/>` +
        `<path d="M7 21V12.2L14 7l7 5.2V21h-5.2v-5.4h-3.6V21Z" fill="${textOn(accent)}"/></svg>`,
    );
  });
  router.get('/brands/:id/colours.svg', (req, res) => {
    const { accent, band } = brandById(req.params.id);
    res.type('svg').setHeader('Cache-Control', 'no-cache');
    res.send(
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="20" height="20" fill="${accent}"/>` +
        `<rect x="20" width="20" height="20" fill="${band}"/></svg>`,
    );
  });
  router.get('/brands/:id/logo', (req, res) => {
    const logo = host.store.brands.logo(req.params.id);
    if (!logo) throw new HostError('not_found');
    res.type(logo.type).setHeader('Cache-Control', 'private, max-age=300');
    res.send(Buffer.from(logo.data));
  });
  return router;
}
