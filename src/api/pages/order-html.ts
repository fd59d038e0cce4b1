import type { OrderFacts, PaymentFacts, StepFacts } from '../../contracts/api/order-facts.ts';
import { type OperationKind, orderOperation } from '../../contracts/operations/registry.ts';
import { removingText } from '../../domain/billing/describe-removal.ts';
import { formatMoney } from '../../domain/billing/money.ts';
import { stepText } from '../../domain/operations/operation-texts.ts';
import type { ServerIncidentFacts } from '../../domain/operations/server-incident-facts.ts';
import { type Html, html } from '../../routing/html.ts';
import type { OrderRecord } from '../../store/records.ts';
import { durationWords } from '../../texts/duration-words.ts';
import { textsOf } from '../../texts/texts.ts';
import type { LogLine } from './order-log.ts';
import { announcementText, estimateText, noteText, outcomeTexts } from './order-texts.ts';
import type { ServerOperation } from './server-operation.ts';

const { livePage: texts, reasons: reasonTexts } = textsOf('en');

export interface OrderPage {
  order: OrderRecord;
  facts: OrderFacts;
  /** The operation on the delivered server that is running or ended within the last hour. */
  server: ServerOperation | undefined;
  /** What is wrong with the delivered server. */
  incident: ServerIncidentFacts | undefined;
  log: readonly LogLine[];
  /** Now, ms since the epoch. */
  at: number;
  /** Address of the server. */
  serverUrl: string;
  /** The name that the server is known by now. */
  hostname: string;
  csrfToken: string;
  documents: readonly { title: string; url: string }[];
  /** Cloud and region of the server, in words. */
  location: string;
}

/** The whole live page. Without scripts it has the same content and reloads every ten seconds. */
export function orderPageHtml(page: OrderPage): Html {
  const { facts } = page;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${texts.documentTitle({ title: headlineText(page).title, hostname: page.hostname })}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/page.css">
<script src="/assets/order.js" defer></script>
${facts.ended ? '' : html`<noscript><meta http-equiv="refresh" content="10"></noscript>`}
</head>
<body>
<a class="skip" href="#steps">${texts.skip}</a>
<header class="top"><span class="mark">Freehold</span></header>
<p class="announce" role="status" aria-live="polite" id="announce"></p>
${orderMainHtml(page)}
</body>
</html>`;
}

/** The changing part of the page; the script fetches it and replaces its sections by id. */
export function orderMainHtml(page: OrderPage): Html {
  const { order, facts } = page;
  return html`<main data-order="${order._id}" data-ended="${facts.ended ? 'true' : 'false'}" data-at="${page.at}"
 data-sequence="${page.log.at(-1)?.sequence ?? 0}" data-announcement="${announcementText(facts, serverHeadline(page)?.title)}">
${headSection(page)}
${incidentSection(page)}
${operationSection(page)}
${readySection(page)}
${paymentSection(page)}
${outcomeSection(page)}
${stepsSection(facts)}
${cancelSection(page)}
${logSection(page)}
${orderSection(page)}
</main>`;
}

function headSection(page: OrderPage): Html {
  const { order, facts, hostname, at, location } = page;
  const { plan } = order.quote.subject;
  const { title, lead } = headlineText(page);
  return html`<section id="head" class="head ${facts.tone}">
<p class="eyebrow">${plan} · ${location}</p>
<h1>${title}</h1>
<p class="host">${hostname}</p>
<p class="lead">${lead}</p>
${facts.ended || order.state === 'fulfilled' ? '' : bar(facts, at)}
${facts.late ? html`<p class="notice" role="note">${texts.late}</p>` : ''}
</section>`;
}

interface HeadlineText {
  title: string;
  lead: string;
}

/** The headline of the delivered server: its incident, or the operation that runs on it. */
function serverHeadline({ incident, server }: OrderPage): HeadlineText | undefined {
  return incident ? texts.incident.headline : server?.headline;
}

/** Of the server, else of the order; while something is left of an ended order, its lead says so. */
function headlineText(page: OrderPage): HeadlineText {
  const { headline, removing } = page.facts;
  const { title, lead } = texts.headlines[headline];
  return serverHeadline(page) ?? { title, lead: removingText(removing) ?? lead };
}

function incidentSection({ incident }: OrderPage): Html | false {
  if (!incident) return false;
  const { reason, since, found, next } = incident;
  const time =
    since === undefined
      ? ''
      : html` <span class="quiet">${texts.incident.since({ time: html`<time datetime="${new Date(since).toISOString()}">${new Date(since).toISOString().slice(0, 16).replace('T', ' ')} UTC</time>` })}</span>`;
  const list =
    found.length === 0
      ? ''
      : html`<p>${texts.incident.found}:</p>
<ul>${found.map((sentence) => html`<li>${sentence}</li>`)}</ul>`;
  return html`<section id="incident" class="card attention" role="alert">
<h2>${texts.incident.title}${time}</h2>
<p>${reasonTexts[reason].customer}</p>
${list}
<p>${texts.incident.next[next]}</p>
</section>`;
}

function bar(facts: OrderFacts, at: number): Html {
  const label = facts.percent === undefined ? texts.progress.undoingLabel : texts.progress.label;
  const share =
    facts.percent === undefined ? texts.progress.undoing : texts.progress.percent({ percent: facts.percent });
  const value =
    facts.percent === undefined
      ? html`<progress id="bar" max="100" aria-label="${label}"></progress>`
      : html`<progress id="bar" max="100" value="${facts.percent}" aria-label="${label}">${share}</progress>`;
  const elapsed =
    facts.builtFrom === undefined
      ? ''
      : html`<span>${texts.progress.sincePayment({ duration: ticking(facts.builtFrom, at) })}</span>`;
  const estimate = facts.percent === undefined ? undefined : estimateText(facts.estimate);
  return html`<div class="bar">${value}
<p class="bar-text"><span>${share}</span>${elapsed}${estimate ? html`<span>${estimate}</span>` : ''}</p>
</div>`;
}

/** Elapsed time since a moment; the script keeps it counting. */
function ticking(since: number, at: number): Html {
  return html`<span class="num" data-since="${since}">${durationWords(at - since)}</span>`;
}

function operationSection({ server }: OrderPage): Html | false {
  if (!server) return false;
  return html`<section id="operation" aria-label="${server.title}">
<h2>${server.title} <span class="quiet">${server.words}</span></h2>
<ol class="steps">${server.steps.map(stepItem(server.kind))}</ol>
</section>`;
}

function readySection({ order, facts, incident, hostname, serverUrl, documents }: OrderPage): Html | false {
  // Nobody is sent to a server that may be gone.
  if (order.state !== 'fulfilled' || incident) return false;
  const link = html`<a class="strong" href="${serverUrl}" rel="noreferrer">${serverUrl}</a>`;
  const button = html`<strong>${texts.ready.createAccount}</strong>`;
  const snippet = html`<code class="snippet">#define THINGER_SERVER "${hostname}"</code>`;
  const links = html`${documents.map(({ title, url }, index) => html`${index > 0 ? ', ' : ''}<a href="${url}" rel="noreferrer">${title}</a>`)}`;
  const took =
    facts.builtFrom !== undefined && facts.builtUntil !== undefined
      ? html`<p class="quiet">${builtText(facts.builtUntil - facts.builtFrom, order)}</p>`
      : '';
  return html`<section id="ready" class="card good">
<h2>${texts.ready.title}</h2>
<ol class="first">
<li>${texts.ready.open({ server: link })}</li>
<li>${texts.ready.signUp({ button })}</li>
<li>${texts.ready.device({ snippet })}</li>
</ol>
<p><a class="button" href="${serverUrl}" rel="noreferrer">${texts.ready.openServer}</a></p>
<p class="quiet">${texts.ready.documents({ documents: links })}</p>
${took}
</section>`;
}

function builtText(ms: number, { paid, quote }: OrderRecord): string {
  const duration = durationWords(ms);
  if (paid === 0) return texts.ready.builtForNothing({ duration });
  return texts.ready.built({ duration, amount: formatMoney(paid, quote.currency) });
}

function paymentSection({ order, facts: { payment } }: OrderPage): Html | false {
  if (!payment) return false;
  const { total, currency } = order.quote;
  const { attempt, declines, triesLeft, heldUntil } = payment;
  const notice = attemptText(payment);
  const held =
    heldUntil === undefined ? texts.payment.notHeld : texts.payment.heldUntil({ time: clockTime(heldUntil) });
  return html`<section id="payment" class="card waiting">
<h2>${texts.payment.title}</h2>
<p class="sum num">${formatMoney(total, currency)}</p>
${notice ? html`<p class="notice" role="${attempt === 'confirmation_open' ? 'status' : 'alert'}">${notice}</p>` : ''}
<p>${texts.payment.how}</p>
<p>${declines > 0 ? html`${texts.payment.triesLeft({ count: triesLeft })} ` : ''}${held}</p>
<p class="quiet">${texts.payment.programs({ call: html`<code>GET /v1/orders/${order._id}/payment</code>` })}</p>
</section>`;
}

/** What became of the last attempt to pay. */
function attemptText({ attempt, declines }: PaymentFacts): string | undefined {
  switch (attempt) {
    case 'none':
      return undefined;
    case 'declined':
      return texts.payment.declined({ count: declines });
    case 'confirmation_open':
    case 'confirmation_refused':
      return texts.payment.attempt[attempt];
  }
}

/** A time of day; the script shows it in the reader's zone. */
function clockTime(at: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" data-local>${iso.slice(11, 16)} UTC</time>`;
}

function outcomeSection({ order, facts: { outcome, tone } }: OrderPage): Html | false {
  if (!outcome) return false;
  const { title, terms } = texts.outcome;
  const { currency, subject } = order.quote;
  const { happened, money, next } = outcomeTexts(outcome, { currency, hostname: subject.hostname });
  return html`<section id="outcome" class="card ${tone}">
<h2>${title}</h2>
<dl class="outcome">
<div><dt>${terms.happened}</dt><dd>${happened}</dd></div>
<div><dt>${terms.money}</dt><dd>${money}</dd></div>
<div><dt>${terms.next}</dt><dd>${next}</dd></div>
</dl>
</section>`;
}

function stepsSection(facts: OrderFacts): Html {
  const undo =
    facts.undo.length === 0
      ? ''
      : html`<h2>${texts.steps.undo}</h2>
<ol class="steps">${facts.undo.map(stepItem(orderOperation.kind))}</ol>`;
  return html`<section id="steps" aria-label="${texts.steps.label}">
${undo}
<h2>${texts.steps.label}</h2>
<ol class="steps">${facts.forward.map(stepItem(orderOperation.kind))}</ol>
</section>`;
}

/** A step of an operation as a list item. */
function stepItem(kind: OperationKind): (step: StepFacts) => Html {
  return (step) => {
    const time =
      step.tookMs !== undefined
        ? html`<span class="num">${durationWords(step.tookMs)}</span>`
        : step.startedAt !== undefined && step.status !== 'stopped'
          ? html`<span class="num" data-since="${step.startedAt}"></span>`
          : '';
    const note = noteText(step, kind);
    const attempt =
      step.attempt > 1 ? html` <span class="quiet">${texts.steps.attempt({ attempt: step.attempt })}</span>` : '';
    return html`<li class="step ${step.status}"${step.status === 'running' ? html` aria-current="step"` : ''}>
<svg class="dot" aria-hidden="true" viewBox="0 0 20 20"><use href="/assets/icons.svg#${step.status}"></use></svg>
<div><p class="step-title">${stepText(step.step, kind).title}${attempt}<span class="status"> <span class="words">${texts.status[step.status]}</span></span></p>
${note ? html`<p class="note">${note}</p>` : ''}</div>
<p class="time">${time}</p>
</li>`;
  };
}

function cancelSection({ order, facts, csrfToken }: OrderPage): Html | false {
  if (!facts.mayCancel) return false;
  const { quote } = order;
  const money = facts.processing
    ? texts.cancel.onItsWay
    : facts.cancelReturns === 0
      ? texts.cancel.noneKnown
      : texts.cancel.goesBack({ amount: formatMoney(facts.cancelReturns, quote.currency) });
  return html`<section id="cancel">
<details class="cancel">
<summary>${texts.cancel.title}</summary>
<div class="card">
<p>${order.state === 'awaiting_payment' ? texts.cancel.orderEnds : texts.cancel.buildingStops} ${money} ${texts.cancel.nameFree({ hostname: html`<strong>${quote.subject.hostname}</strong>` })}</p>
<p>${texts.cancel.final}</p>
<form method="post" action="/orders/${order._id}/cancel">
<input type="hidden" name="csrf" value="${csrfToken}">
<button class="danger" type="submit">${texts.cancel.button}</button>
</form>
</div>
</details>
</section>`;
}

function logSection({ log }: OrderPage): Html {
  const lines = log.map(
    (line) =>
      html`<li class="${line.severity}"><time datetime="${line.at}" data-local>${line.at.slice(11, 19)}</time><span>${line.severity === 'info' ? '' : html`<b>${texts.log.severity[line.severity]}</b> `}${line.text}</span></li>`,
  );
  return html`<section id="log">
<details id="log-details"><summary>${texts.log.title} <span class="quiet">${texts.log.lines({ count: log.length })}</span></summary>
<ol class="log" tabindex="0" aria-label="${texts.log.title}">${lines}</ol>
</details>
</section>`;
}

function orderSection({ order }: OrderPage): Html {
  const { quote } = order;
  const rows = quote.lines.map(
    (line) =>
      html`<tr><th scope="row">${line.quantity > 1 ? texts.order.quantity({ title: line.title, quantity: line.quantity }) : line.title}</th><td class="num">${formatMoney(line.amount, quote.currency)}</td></tr>`,
  );
  return html`<section id="order">
<details><summary>${texts.order.title} <span class="quiet">${order._id}</span></summary>
<table class="money">
<tbody>${rows}
<tr><th scope="row">${texts.order.tax({ name: quote.tax.name, percent: quote.tax.basisPoints / 100, country: quote.tax.country, day: quote.tax.day })}</th><td class="num">${formatMoney(quote.tax.amount, quote.currency)}</td></tr>
</tbody>
<tfoot><tr><th scope="row">${texts.order.total({ cycle: quote.subject.cycle })}</th><td class="num">${formatMoney(quote.total, quote.currency)}</td></tr></tfoot>
</table>
</details>
</section>`;
}
