import { textsOf } from '../../../texts/texts.ts';
import { boundedThings, type Use } from '../../limits.ts';
import type { HostState } from '../../state.ts';
import { type Html, html } from './html.ts';
import { when } from './when.ts';

const { licence: texts, limits: limitTexts, things } = textsOf('en').host;

const tones: Readonly<Record<HostState['licence']['state'], string>> = {
  NONE: 'wait',
  OK: 'good',
  GRACE: 'wait',
  LOCKED: 'bad',
};

export function licenceCard({ instance, licence, you }: HostState): Html {
  const { word, sentence } = texts.states[licence.state];
  const tone = tones[licence.state];
  const rows: [string, Html | string][] = [
    [texts.rows.plan, html`<strong>${instance.plan}</strong>`],
    [texts.rows.licence, html`<span class="state ${tone}">${word}</span> <span class="code">${licence.state}</span>`],
  ];
  if (licence.nextCheckAt) rows.push([texts.rows.nextCheck, when(licence.nextCheckAt)]);
  if (licence.lastGoodCheckAt) rows.push([texts.rows.lastGoodCheck, when(licence.lastGoodCheckAt)]);
  if (licence.state === 'GRACE' && licence.graceUntil) rows.push([texts.rows.graceUntil, when(licence.graceUntil)]);
  rows.push(
    [texts.rows.version, instance.version],
    [texts.rows.you, you.administrator ? texts.administrator : texts.user],
  );
  return html`<section class="card" aria-labelledby="licence-title"><h2 id="licence-title">${texts.title}</h2>
<p class="lead">${licence.state === 'OK' ? sentence : html`${sentence} ${licence.reason?.text ?? ''}`}</p>
<dl>${rows.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
${licence.notices.map(({ text }) => html`<p class="notice wait">${text}</p>`)}</section>`;
}

export function limitsTable({ limits, otherLimits, instance }: HostState): Html {
  const { head, unlimited } = limitTexts;
  const others = Object.entries(otherLimits)
    .map(([name, limit]) => limitTexts.other({ limit: limit ?? unlimited, name }))
    .join(', ');
  return html`<section class="card" aria-labelledby="limits-title"><h2 id="limits-title">${limitTexts.title({ plan: instance.plan })}</h2>
<table class="limits"><thead><tr><th scope="col">${head.what}</th><th scope="col" class="number">${head.used}</th>
<th scope="col" class="number">${head.allowed}</th><th scope="col"><span class="unseen">${head.share}</span></th></tr></thead><tbody>
${boundedThings.map((thing) => limitRow(things.titles[thing], limits[thing]))}</tbody></table>
${others !== '' && html`<p class="hint">${limitTexts.others({ others })}</p>`}</section>`;
}

function limitRow(title: string, { used, limit }: Use): Html {
  const full = limit !== null && used >= limit;
  const share =
    limit === null || limit === 0
      ? undefined
      : html`<meter min="0" max="${limit}" value="${Math.min(used, limit)}" aria-label="${limitTexts.share({ title, used, limit })}"></meter>`;
  return html`<tr><th scope="row">${title}</th><td class="number">${used}</td>
<td class="number">${limit === null ? limitTexts.unlimited : limit}</td>
<td>${limit === 0 ? html`<span class="hint">${limitTexts.notInPlan}</span>` : full ? html`${share} <span class="full">${limitTexts.full}</span>` : share}</td></tr>`;
}
