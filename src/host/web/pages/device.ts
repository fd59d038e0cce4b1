import { isReadOnly } from '../../../licence/client/gate.ts';
import { show } from '../../state.ts';
import type { Device } from '../../store/devices.ts';
import type { Reading } from '../../store/readings.ts';
import { html } from './html.ts';
import { csrfField, type Page, sendPage } from './layout.ts';
import { valueList } from './sections.ts';
import { when } from './when.ts';

function snippet({ host }: Page) {
  return html`<pre class="snippet"><code>#define THINGER_SERVER "${host.contract.hostnames[0]}"</code></pre>`;
}

function example({ host }: Page, id: string, credential: string) {
  return html`<pre class="snippet"><code>curl https://${host.contract.hostnames[0]}/v1/devices/${id}/readings \\
  -H 'Authorization: Bearer ${credential}' \\
  -H 'Content-Type: application/json' \\
  -d '{"values": {"temperature": 21.5}}'</code></pre>`;
}

/** The one page that shows the credential of a device. */
export function sendNewDevicePage(page: Page, { device, credential }: { device: Device; credential: string }): void {
  const body = html`<p class="crumb"><a href="/">Start</a></p>
<h1>${device.name}</h1>
<section class="card"><div class="notice good" role="status"><strong>The device was added.</strong></div>
<h2>Its credential</h2><p class="lead">This is shown once and cannot be read again. Copy it to the device now.</p>
<pre class="snippet secret"><code>${credential}</code></pre>
<h2>Tell the device where this server is</h2>${snippet(page)}
<h2>Or send a first reading from here</h2>${example(page, device.id, credential)}
<p><a class="button" href="/devices/${device.id}">I have copied the credential</a></p></section>`;
  sendPage(page, { title: device.name, status: 201, body });
}

export function sendDevicePage(page: Page, { device, readings }: { device: Device; readings: Reading[] }): void {
  const { licence } = page.host;
  const readOnly = licence().state === 'LOCKED' && isReadOnly(licence());
  const rows = readings
    .map(show.reading)
    .map(({ at, values }) => html`<tr><td>${when(at)}</td><td>${valueList(values)}</td></tr>`);
  const body = html`<p class="crumb"><a href="/#devices">Devices</a></p>
<h1>${device.name}</h1>
<section class="card"><h2>Last readings</h2>
${
  rows.length === 0
    ? html`<p class="empty">This device has sent nothing yet.</p>`
    : html`<div class="scroll"><table><thead><tr><th scope="col">Measured</th><th scope="col">Values</th></tr></thead>
<tbody>${rows}</tbody></table></div>`
}</section>
<section class="card"><h2>How it connects</h2>${snippet(page)}
${example(page, device.id, '<credential of this device>')}</section>
${
  !readOnly &&
  html`<section class="card"><h2>Remove this device</h2>
<p class="lead">The device and all its readings are deleted for good, and its credential is refused from then on.</p>
<form method="post" action="/devices/${device.id}/remove">${csrfField(page)}
<button class="danger">Remove ${device.name}</button></form></section>`
}`;
  sendPage(page, { title: device.name, body });
}
