import { boundedThings, type Use } from '../../limits.ts';
import type { HostState } from '../../state.ts';
import { type Html, html } from './html.ts';
import { when } from './when.ts';

/** The state of the licence, in words for people who have never heard of a licence server. */
const licenceWords: Readonly<Record<HostState['licence']['state'], { word: string; tone: string; sentence: string }>> =
  {
    NONE: { word: 'Registering', tone: 'wait', sentence: 'The server is registering its licence for the first time.' },
    OK: { word: 'In order', tone: 'good', sentence: 'The last check of the licence was good.' },
    GRACE: {
      word: 'Waiting for its check',
      tone: 'wait',
      sentence: 'The licence server was not reached. Everything goes on working in the meantime.',
    },
    LOCKED: { word: 'Locked', tone: 'bad', sentence: 'The licence does not allow changes at the moment.' },
  };

export function licenceCard({ instance, licence, you }: HostState): Html {
  const { word, tone, sentence } = licenceWords[licence.state];
  const rows: [string, Html | string][] = [
    ['Plan', html`<strong>${instance.plan}</strong>`],
    ['Licence', html`<span class="state ${tone}">${word}</span> <span class="code">${licence.state}</span>`],
  ];
  if (licence.nextCheckAt) rows.push(['Next check', when(licence.nextCheckAt)]);
  if (licence.lastGoodCheckAt) rows.push(['Last good check', when(licence.lastGoodCheckAt)]);
  if (licence.state === 'GRACE' && licence.graceUntil)
    rows.push(['Works without a check until', when(licence.graceUntil)]);
  rows.push(['Version', instance.version], ['You are', you.administrator ? 'the administrator' : 'a user']);
  return html`<section class="card" aria-labelledby="licence-title"><h2 id="licence-title">Plan and licence</h2>
<p class="lead">${licence.state === 'OK' ? sentence : html`${sentence} ${licence.reason?.text ?? ''}`}</p>
<dl>${rows.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
${licence.notices.map(({ text }) => html`<p class="notice wait">${text}</p>`)}</section>`;
}

const titles: Readonly<Record<(typeof boundedThings)[number], string>> = {
  users: 'Users',
  domains: 'Domains',
  brands: 'Brands',
  plugins: 'Plugins',
  devices: 'Devices',
};

export function limitsTable({ limits, otherLimits, instance }: HostState): Html {
  const others = Object.entries(otherLimits);
  return html`<section class="card" aria-labelledby="limits-title"><h2 id="limits-title">Limits of the plan ${instance.plan}</h2>
<table class="limits"><thead><tr><th scope="col">What</th><th scope="col" class="number">Used</th>
<th scope="col" class="number">Allowed</th><th scope="col"><span class="unseen">Share</span></th></tr></thead><tbody>
${boundedThings.map((thing) => limitRow(titles[thing], limits[thing]))}</tbody></table>
${
  others.length > 0 &&
  html`<p class="hint">Also in this plan: ${others.map(([name, limit]) => `${limit ?? 'unlimited'} ${name}`).join(', ')}.</p>`
}</section>`;
}

function limitRow(title: string, { used, limit }: Use): Html {
  const full = limit !== null && used >= limit;
  const share =
    limit === null || limit === 0
      ? undefined
      : html`<meter min="0" max="${limit}" value="${Math.min(used, limit)}" aria-label="${title}: ${used} of ${limit}"></meter>`;
  return html`<tr><th scope="row">${title}</th><td class="number">${used}</td>
<td class="number">${limit === null ? 'unlimited' : limit}</td>
<td>${limit === 0 ? html`<span class="hint">not in this plan</span>` : full ? html`${share} <span class="full">full</span>` : share}</td></tr>`;
}
