import type { Request, Response } from 'express';
import { textsOf } from '../../../texts/texts.ts';
import type { Host } from '../../host.ts';
import type { FieldFault, HostError } from '../../reasons.ts';
import { hostReasonText } from '../../reasons.ts';
import { shownName } from '../../shown-name.ts';
import type { Brand } from '../../store/brands.ts';
import { hostnameOf } from '../hostname.ts';
import { csrfFor, visitOf } from '../session.ts';
import { type Html, html } from './html.ts';

const { layout: texts } = textsOf('en').host;

/** What every page of one request is made with. */
export interface Page {
  host: Host;
  req: Request;
  res: Response;
  brand: Brand | undefined;
  /** The name of this server on this page. */
  name: string;
  csrf: string;
}

export function pageFor(host: Host, req: Request, res: Response): Page {
  const brand = host.store.brands.forHost(hostnameOf(req));
  return { host, req, res, brand, name: brand?.name ?? 'Freehold', csrf: csrfFor(host, res) };
}

/** Sends a page; its content is personal and current, so nothing may cache it. */
export function sendPage(page: Page, { title, status = 200, body }: { title: string; status?: number; body: Html }) {
  const { res, req, name } = page;
  const { user } = visitOf(res);
  const version = encodeURIComponent(page.host.contract.productVersion);
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${texts.documentTitle({ title, name })}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css?v=${version}">
<link rel="stylesheet" href="/brand.css">
</head>
<body>
<a class="skip" href="#content">${texts.skip}</a>
<header class="band"><div class="band-inner">
<a class="mark" href="/">${mark(page)}<span>${name}</span></a>
${
  user &&
  html`<form method="post" action="/sign-out" class="whoami">${csrfField(page)}
<span class="address">${shownName(user.email)}</span><button class="quiet">${texts.signOut}</button></form>`
}
</div></header>
<main id="content">${body}</main>
<footer><span>${shownName(hostnameOf(req))}</span><span>${texts.version({ version: page.host.contract.productVersion })}</span></footer>
</body>
</html>
`;
  res.status(status).setHeader('Cache-Control', 'no-store');
  res.type('html').send(document.markup);
}

function mark({ brand }: Page): Html {
  if (brand?.hasLogo) return html`<img src="/brands/${brand.id}/logo" alt="" height="32">`;
  return html`<img src="/icon.svg" alt="" width="28" height="28">`;
}

export function csrfField({ csrf }: Page): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}">`;
}

/** The refusal of a form, announced by screen readers as soon as the page is loaded. */
export function refusalBox(error: HostError | undefined, section?: string): Html | undefined {
  if (!error) return undefined;
  const { title, next } = hostReasonText(error.code);
  const detail = error.detail && error.detail !== title ? error.detail : undefined;
  return html`<div class="notice bad" role="alert"><strong>${title}</strong>
<p>${detail ? html`${detail} ` : ''}${next}</p>
${section && html`<p><a href="#${section}">${texts.goToForm}</a></p>`}</div>`;
}

export interface FieldOptions {
  /** Unique on a page with several forms. */
  id: string;
  name: string;
  label: string;
  type?: string;
  value?: string;
  hint?: string;
  autocomplete?: string;
  minLength?: number;
  required?: boolean;
  accept?: string;
  placeholder?: string;
  autofocus?: boolean;
  faults?: readonly FieldFault[];
}

/** A labelled input whose hint and error are also linked to it for screen readers. */
export function field(options: FieldOptions): Html {
  const { id, name, label, type = 'text', hint, required = true } = options;
  const fault = options.faults?.find((one) => one.field === name)?.message;
  const described = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return html`<div class="field${fault ? ' wrong' : ''}"><label for="${id}">${label}</label>
<input id="${id}" name="${name}" type="${type}"${attribute('value', options.value)}${attribute('autocomplete', options.autocomplete)}${attribute('minlength', options.minLength)}${attribute('accept', options.accept)}${attribute('placeholder', options.placeholder)}${attribute('aria-describedby', described)}${required && html` required`}${fault && html` aria-invalid="true"`}${options.autofocus && html` autofocus`}>
${fault && html`<p class="fault" id="${id}-fault">${fault}</p>`}${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}</div>`;
}

function attribute(name: string, value: string | number | undefined): Html | undefined {
  return value === undefined || value === '' ? undefined : html` ${name}="${value}"`;
}
