import { isReadOnly } from '../../../licence/client/gate.ts';
import { textsOf } from '../../../texts/texts.ts';
import { placeText } from '../../inputs.ts';
import { show } from '../../state.ts';
import type { Device } from '../../store/devices.ts';
import type { ReadingPage } from '../../store/readings.ts';
import { readingBack, sending, serverDefinition } from './device-commands.ts';
import { html } from './html.ts';
import { csrfField, type Page, sendPage } from './layout.ts';
import { valueList } from './sections.ts';
import { when } from './when.ts';

const { device: texts, sections } = textsOf('en').host;

/** The one page that shows the credential of a device. */
export function sendNewDevicePage(page: Page, { device, credential }: { device: Device; credential: string }): void {
  const body = html`<p class="crumb"><a href="/">${texts.start}</a></p>
<h1>${device.name}</h1>
<section class="card"><div class="notice good" role="status"><strong>${texts.added}</strong></div>
<h2>${texts.credential}</h2><p class="lead">${texts.shownOnce}</p>
<pre class="snippet secret"><code>${credential}</code></pre>
<h2>${texts.pointHere}</h2>${serverDefinition(page)}
<h2>${texts.firstReading}</h2>${sending(page, device.id, credential)}
<p><a class="button" href="/devices/${device.id}">${texts.copied}</a></p></section>`;
  sendPage(page, { title: device.name, status: 201, body });
}

/** A device with a part of its readings; `first` says that these are the newest. */
export function sendDevicePage(
  page: Page,
  { device, readings: { readings, next }, first }: { device: Device; readings: ReadingPage; first: boolean },
): void {
  const { licence } = page.host;
  const readOnly = licence().state === 'LOCKED' && isReadOnly(licence());
  const rows = readings
    .map(show.reading)
    .map(({ at, values }) => html`<tr><td>${when(at)}</td><td>${valueList(values)}</td></tr>`);
  const body = html`<p class="crumb"><a href="/#devices">${texts.devices}</a></p>
<h1>${device.name}</h1>
<section class="card"><h2>${texts.lastReadings}</h2>
${
  rows.length === 0
    ? html`<p class="empty">${texts.nothingYet}</p>`
    : html`<div class="scroll" tabindex="0" role="group" aria-label="${texts.lastReadings}"><table><thead><tr><th scope="col">${texts.head.measured}</th><th scope="col">${texts.head.values}</th></tr></thead>
<tbody>${rows}</tbody></table></div>
<p class="ways">${!first && html`<a href="/devices/${device.id}">${texts.newest}</a>`}
${next && html`<a href="/devices/${device.id}?before=${placeText(next)}">${texts.older}</a>`}
<a href="/devices/${device.id}/readings.csv" download>${texts.export}</a></p>`
}</section>
<section class="card"><h2>${texts.howItConnects}</h2>${serverDefinition(page)}
${sending(page, device.id, texts.itsCredential)}
<h3>${texts.readBack}</h3>${readingBack(page, device.id, texts.itsCredential)}</section>
${
  !readOnly &&
  html`<section class="card"><h2>${texts.remove}</h2>
<p class="lead">${texts.removal}</p>
<form method="post" action="/devices/${device.id}/remove">${csrfField(page)}
<button class="danger">${sections.remove({ name: device.name })}</button></form></section>`
}`;
  sendPage(page, { title: device.name, body });
}
