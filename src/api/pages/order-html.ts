import { formatMoney } from '../../domain/billing/money.ts';
import type { OrderRecord } from '../../store/records.ts';
import { type Html, html } from './html.ts';
import { durationWords, type OrderFacts, type StepFacts } from './order-facts.ts';
import type { LogLine } from './order-log.ts';
import type { ServerOperation } from './server-operation.ts';

export interface OrderPage {
  order: OrderRecord;
  facts: OrderFacts;
  /** What is done to the delivered server now, or was in the last hour. */
  server: ServerOperation | undefined;
  log: readonly LogLine[];
  /** Now, ms since the epoch. */
  at: number;
  /** Address of the server. */
  serverUrl: string;
  csrfToken: string;
  documents: readonly { title: string; url: string }[];
  /** Where the server stands, in words. */
  place: string;
}

/** The whole live page. Without scripts it reads the same and comes again every ten seconds. */
export function orderPageHtml(page: OrderPage): Html {
  const { order, facts } = page;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${facts.title} · ${order.quote.hostname}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/page.css">
<script src="/assets/order.js" defer></script>
${facts.ended ? '' : html`<noscript><meta http-equiv="refresh" content="10"></noscript>`}
</head>
<body>
<a class="skip" href="#steps">Skip to the steps</a>
<header class="top"><span class="mark">Freehold</span></header>
<p class="announce" role="status" aria-live="polite" id="announce"></p>
${orderMainHtml(page)}
</body>
</html>`;
}

/** The part of the page that changes; the script fetches it and replaces its sections by their ids. */
export function orderMainHtml(page: OrderPage): Html {
  const { order, facts } = page;
  return html`<main data-order="${order._id}" data-ended="${facts.ended ? 'true' : 'false'}" data-at="${page.at}"
 data-sequence="${page.log.at(-1)?.sequence ?? 0}" data-announcement="${facts.announcement}">
${headSection(page)}
${operationSection(page)}
${readySection(page)}
${paymentSection(page)}
${outcomeSection(facts)}
${stepsSection(facts)}
${cancelSection(page)}
${logSection(page)}
${orderSection(page)}
</main>`;
}

function headSection({ order, facts, at, place }: OrderPage): Html {
  const { plan, hostname } = order.quote;
  return html`<section id="head" class="head ${facts.tone}">
<p class="eyebrow">${plan} · ${place}</p>
<h1>${facts.title}</h1>
<p class="host">${hostname}</p>
<p class="lead">${facts.lead}</p>
${facts.ended || order.state === 'fulfilled' ? '' : bar(facts, at)}
${facts.late ? html`<p class="notice" role="note">This takes longer than usual. It is still running; nothing is lost, and you may leave.</p>` : ''}
</section>`;
}

function bar(facts: OrderFacts, at: number): Html {
  const label = facts.percent === undefined ? 'Undoing' : 'Progress';
  const value =
    facts.percent === undefined
      ? html`<progress id="bar" max="100" aria-label="${label}"></progress>`
      : html`<progress id="bar" max="100" value="${facts.percent}" aria-label="${label}">${facts.percent} %</progress>`;
  const share = facts.percent === undefined ? 'undoing' : `${facts.percent} %`;
  const elapsed =
    facts.builtFrom === undefined ? '' : html`<span>${ticking(facts.builtFrom, at)} since the payment</span>`;
  return html`<div class="bar">${value}
<p class="bar-text"><span>${share}</span>${elapsed}${facts.estimate && facts.percent !== undefined ? html`<span>${facts.estimate}</span>` : ''}</p>
</div>`;
}

/** Time since a moment; the script lets it run on. */
function ticking(since: number, at: number): Html {
  return html`<span class="num" data-since="${since}">${durationWords(at - since)}</span>`;
}

function operationSection({ server }: OrderPage): Html | false {
  if (!server) return false;
  return html`<section id="operation" aria-label="${server.title}">
<h2>${server.title} <span class="quiet">${server.words}</span></h2>
<ol class="steps">${server.steps.map(stepItem)}</ol>
</section>`;
}

function readySection({ order, facts, serverUrl, documents }: OrderPage): Html | false {
  if (order.state !== 'fulfilled') return false;
  const took =
    facts.builtFrom !== undefined && facts.builtUntil !== undefined
      ? html`<p class="quiet">Built in ${durationWords(facts.builtUntil - facts.builtFrom)}, ${order.paid > 0 ? html`${formatMoney(order.paid, order.quote.currency)} was charged` : 'nothing was charged'}.</p>`
      : '';
  return html`<section id="ready" class="card good">
<h2>What to do first</h2>
<ol class="first">
<li>Open <a class="strong" href="${serverUrl}" rel="noreferrer">${serverUrl}</a></li>
<li>Choose <strong>Create account</strong> and sign up with the administrator's e-mail of this order. Any other address is refused until you admit it.</li>
<li>Point your first device at it:<code class="snippet">#define THINGER_SERVER "${order.quote.hostname}"</code></li>
</ol>
<p><a class="button" href="${serverUrl}" rel="noreferrer">Open your server</a></p>
<p class="quiet">The same steps are in your mailbox. Read on: ${documents.map(({ title, url }, index) => html`${index > 0 ? ', ' : ''}<a href="${url}" rel="noreferrer">${title}</a>`)}.</p>
${took}
</section>`;
}

function paymentSection({ order }: OrderPage): Html | false {
  if (order.state !== 'awaiting_payment') return false;
  const { total, currency } = order.quote;
  const declined =
    order.declines > 0
      ? html`<p class="notice" role="alert">The card was declined ${order.declines === 1 ? 'once' : `${order.declines} times`}. Nothing was charged; try again or use another card.</p>`
      : '';
  return html`<section id="payment" class="card waiting">
<h2>Payment</h2>
<p class="sum num">${formatMoney(total, currency)}</p>
${declined}
<p>Confirm the payment by card where you placed the order. This page goes on by itself as soon as it has arrived, and building begins.</p>
<p class="quiet">Programs read what the payment needs from <code>GET /v1/orders/${order._id}/payment</code>.</p>
</section>`;
}

function outcomeSection({ outcome, tone }: OrderFacts): Html | false {
  if (!outcome) return false;
  return html`<section id="outcome" class="card ${tone}">
<h2>Where things stand</h2>
<dl class="outcome">
<div><dt>What happened</dt><dd>${outcome.happened}</dd></div>
<div><dt>What was charged</dt><dd>${outcome.money}</dd></div>
<div><dt>Who acts next</dt><dd>${outcome.next}</dd></div>
</dl>
</section>`;
}

function stepsSection(facts: OrderFacts): Html {
  const undo =
    facts.undo.length === 0
      ? ''
      : html`<h2>Taking it back</h2>
<ol class="steps">${facts.undo.map(stepItem)}</ol>`;
  return html`<section id="steps" aria-label="Steps">
${undo}
<h2>Steps</h2>
<ol class="steps">${facts.forward.map(stepItem)}</ol>
</section>`;
}

function stepItem(step: StepFacts): Html {
  const time =
    step.tookMs !== undefined
      ? html`<span class="num">${durationWords(step.tookMs)}</span>`
      : step.startedAt !== undefined && step.status !== 'stopped'
        ? html`<span class="num" data-since="${step.startedAt}"></span>`
        : '';
  const attempt = step.attempt > 1 ? html` <span class="quiet">attempt ${step.attempt}</span>` : '';
  return html`<li class="step ${step.status}"${step.status === 'running' ? html` aria-current="step"` : ''}>
<svg class="dot" aria-hidden="true" viewBox="0 0 20 20"><use href="/assets/icons.svg#${step.status}"></use></svg>
<div><p class="step-title">${step.title}${attempt}<span class="status"> <span class="words">${step.words}</span></span></p>
${step.note ? html`<p class="note">${step.note}</p>` : ''}</div>
<p class="time">${time}</p>
</li>`;
}

function cancelSection({ order, facts, csrfToken }: OrderPage): Html | false {
  if (!facts.mayCancel) return false;
  return html`<section id="cancel">
<details class="cancel">
<summary>Cancel this order</summary>
<div class="card">
<p>${order.state === 'awaiting_payment' ? 'The order ends.' : 'Building stops, and what was built so far is removed.'} ${facts.cancelMoney} The name <strong>${order.quote.hostname}</strong> becomes free for everybody.</p>
<p>A cancel cannot be undone. Once the server is ready, an order can no longer be cancelled.</p>
<form method="post" action="/orders/${order._id}/cancel">
<input type="hidden" name="csrf" value="${csrfToken}">
<button class="danger" type="submit">Cancel the order and remove everything</button>
</form>
</div>
</details>
</section>`;
}

function logSection({ log }: OrderPage): Html {
  const lines = log.map(
    (line) =>
      html`<li class="${line.severity}"><time datetime="${new Date(line.at).toISOString()}" data-local>${new Date(line.at).toISOString().slice(11, 19)}</time><span>${line.severity === 'info' ? '' : html`<b>${line.severity}</b> `}${line.text}</span></li>`,
  );
  return html`<section id="log">
<details id="log-details"><summary>Log <span class="quiet">${log.length} lines</span></summary>
<ol class="log" tabindex="0" aria-label="Log">${lines}</ol>
</details>
</section>`;
}

function orderSection({ order }: OrderPage): Html {
  const { quote } = order;
  const rows = quote.lines.map(
    (line) =>
      html`<tr><th scope="row">${line.title}${line.quantity > 1 ? html` × ${line.quantity}` : ''}</th><td class="num">${formatMoney(line.amount, quote.currency)}</td></tr>`,
  );
  return html`<section id="order">
<details><summary>Order <span class="quiet">${order._id}</span></summary>
<table class="money">
<tbody>${rows}
<tr><th scope="row">${quote.tax.name} ${quote.tax.basisPoints / 100} % (${quote.tax.country})</th><td class="num">${formatMoney(quote.tax.amount, quote.currency)}</td></tr>
</tbody>
<tfoot><tr><th scope="row">Total, ${quote.cycle}</th><td class="num">${formatMoney(quote.total, quote.currency)}</td></tr></tfoot>
</table>
</details>
</section>`;
}
