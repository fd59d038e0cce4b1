import { defaultColours } from '../../inputs.ts';
import type { BoundedThing } from '../../limits.ts';
import type { FieldFault } from '../../reasons.ts';
import { type Html, html } from './html.ts';
import { csrfField, field } from './layout.ts';
import type { SectionContext, SectionName } from './start.ts';
import { when } from './when.ts';

/** The values and errors of this section's refused form. */
function triedIn(
  { refused }: SectionContext,
  name: SectionName,
): { typed: Record<string, string>; faults: FieldFault[] } {
  return refused?.section === name ? { typed: refused.typed, faults: refused.error.faults } : { typed: {}, faults: [] };
}

function section(name: SectionName, { title, lead, body }: { title: string; lead: string; body: Html }): Html {
  return html`<section class="card" id="${name}" aria-labelledby="${name}-title"><h2 id="${name}-title">${title}</h2>
<p class="lead">${lead}</p>${body}</section>`;
}

function table(headings: string[], rows: Html[], empty: string): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  return html`<div class="scroll"><table><thead><tr>${headings.map((heading) =>
    heading === '' ? html`<td></td>` : html`<th scope="col">${heading}</th>`,
  )}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** A button that names its consequence before it can be pressed. */
function removal(
  { page, writable }: SectionContext,
  { path, name, consequence }: { path: string; name: string; consequence: string },
): Html | undefined {
  if (!writable) return undefined;
  return html`<details class="removal"><summary>Remove<span class="unseen"> ${name}</span></summary>
<form method="post" action="${path}">${csrfField(page)}<p>${consequence}</p>
<button class="danger">Remove ${name}</button></form></details>`;
}

/** The form that adds one more, or the sentence that says why there is none. */
function adding(
  context: SectionContext,
  { thing, fields, button, multipart }: { thing: BoundedThing; fields: Html; button: string; multipart?: boolean },
): Html | undefined {
  const { state, page, writable } = context;
  if (thing !== 'devices' && !state.you.administrator) {
    return html`<p class="hint">Only the administrator changes this.</p>`;
  }
  if (!writable) return undefined;
  const { used, limit } = state.limits[thing];
  if (limit !== null && used >= limit) {
    const { plan } = state.instance;
    const text =
      limit === 0
        ? `The plan ${plan} includes no ${thing}.`
        : `What the plan ${plan} allows is in use: ${limit} ${limit === 1 ? thing.slice(0, -1) : thing}.`;
    return html`<p class="hint">${text} More of them come with another plan or with add-ons, where you manage
this server; they count here after the next check of the licence, without a restart.</p>`;
  }
  return html`<form method="post" action="/${thing}" class="adding"${multipart && html` enctype="multipart/form-data"`}>
${csrfField(page)}${fields}<button>${button}</button></form>`;
}

export function devicesSection(context: SectionContext): Html {
  const { state } = context;
  const { typed, faults } = triedIn(context, 'devices');
  const rows = state.devices.map(
    ({ id, name, owner, lastReading }) => html`<tr><th scope="row"><a href="/devices/${id}">${name}</a></th>
${state.you.administrator && html`<td>${owner}</td>`}
<td>${lastReading ? valueList(lastReading.values) : html`<span class="hint">nothing yet</span>`}</td>
<td>${lastReading && when(lastReading.at)}</td></tr>`,
  );
  const headings = ['Device', ...(state.you.administrator ? ['Owner'] : []), 'Last reading', 'Measured'];
  return section('devices', {
    title: 'Devices',
    lead: 'Each device has a credential of its own, which is shown once. Tell your devices where this server is:',
    body: html`<pre class="snippet"><code>#define THINGER_SERVER "${state.instance.hostname}"</code></pre>
${table(headings, rows, 'No device yet. Add the first one below.')}
${adding(context, {
  thing: 'devices',
  button: 'Add device',
  fields: field({ id: 'device-name', name: 'name', label: 'Name of the device', value: typed.name, faults }),
})}`,
  });
}

export function valueList(values: Record<string, number | string | boolean>): Html {
  return html`<span class="values">${Object.entries(values).map(
    ([name, value]) => html`<span class="value"><span class="value-name">${name}</span> ${String(value)}</span>`,
  )}</span>`;
}

export function usersSection(context: SectionContext): Html {
  const { state } = context;
  const { typed, faults } = triedIn(context, 'users');
  const rows = state.users.map(
    ({ id, email, administrator, joinedAt }) => html`<tr><th scope="row">${email}</th>
<td>${administrator ? 'Administrator' : 'User'}</td>
<td>${joinedAt ? html`signed up ${when(joinedAt)}` : 'admitted, not signed up yet'}</td>
<td class="act">${
      state.you.administrator &&
      !administrator &&
      removal(context, {
        path: `/users/${id}/remove`,
        name: email,
        consequence: 'The account, its devices and all their readings are deleted for good.',
      })
    }</td></tr>`,
  );
  return section('users', {
    title: 'Users',
    lead: 'Only the administrator and the addresses admitted here can create an account on this server.',
    body: html`${table(['E-mail address', 'Role', 'Account', ''], rows, 'No user yet.')}
${adding(context, {
  thing: 'users',
  button: 'Admit user',
  fields: field({
    id: 'user-email',
    name: 'email',
    label: 'E-mail address to admit',
    type: 'email',
    value: typed.email,
    faults,
  }),
})}`,
  });
}

export function domainsSection(context: SectionContext): Html {
  const { state } = context;
  const { typed, faults } = triedIn(context, 'domains');
  const rows = [
    ...state.instance.hostnames.map(
      (name) => html`<tr><th scope="row">${name}</th><td>Name of this server</td><td></td></tr>`,
    ),
    ...state.domains.map(
      ({ id, name }) => html`<tr><th scope="row">${name}</th>
<td>${state.brands.find(({ domain }) => domain === name)?.name ?? 'No brand'}</td>
<td class="act">${
        state.you.administrator &&
        removal(context, {
          path: `/domains/${id}/remove`,
          name,
          consequence: 'This server stops answering under the domain at once, for people and for devices.',
        })
      }</td></tr>`,
    ),
  ];
  return section('domains', {
    title: 'Domains',
    lead: 'Names of your own under which this server answers beside its hostname.',
    body: html`${table(['Name', 'Brand', ''], rows, '')}
${adding(context, {
  thing: 'domains',
  button: 'Add domain',
  fields: field({
    id: 'domain-name',
    name: 'name',
    label: 'Domain',
    placeholder: 'iot.example.com',
    hint: `Point a DNS record of the domain to ${state.instance.hostname}.`,
    value: typed.name,
    faults,
  }),
})}`,
  });
}

export function brandsSection(context: SectionContext): Html {
  const { state } = context;
  const { typed, faults } = triedIn(context, 'brands');
  const rows = state.brands.map(
    ({ id, name, domain, logo, accent, band }) => html`<tr><th scope="row"><span class="brand-name">${
      logo && html`<img src="${logo}" alt="" height="24">`
    }${name}</span></th><td>${domain}</td>
<td><img class="swatch" src="/brands/${id}/colours.svg" alt="Accent ${accent}, header ${band}" width="40" height="20"></td>
<td class="act">${
      state.you.administrator &&
      removal(context, {
        path: `/brands/${id}/remove`,
        name,
        consequence: `${domain} shows the pages of this server without a brand.`,
      })
    }</td></tr>`,
  );
  const free = state.domains.filter(({ name }) => !state.brands.some(({ domain }) => domain === name));
  const form = adding(context, {
    thing: 'brands',
    button: 'Add brand',
    multipart: true,
    fields: html`${field({ id: 'brand-name', name: 'name', label: 'Name', value: typed.name, faults })}
<div class="field"><label for="brand-domain">Domain</label><select id="brand-domain" name="domain" required>
${free.map(({ name }) => html`<option${typed.domain === name && html` selected`}>${name}</option>`)}</select></div>
${field({ id: 'brand-accent', name: 'accent', label: 'Accent colour', type: 'color', value: typed.accent ?? defaultColours.accent, faults })}
${field({ id: 'brand-band', name: 'band', label: 'Header colour', type: 'color', value: typed.band ?? defaultColours.band, faults })}
${field({ id: 'brand-logo', name: 'logo', label: 'Logo', type: 'file', required: false, accept: 'image/png,image/jpeg,image/webp', hint: 'PNG, JPEG or WebP of at most 64 kB.', faults })}`,
  });
  const { used, limit } = state.limits.brands;
  const needsDomain = state.you.administrator && free.length === 0 && (limit === null || used < limit);
  return section('brands', {
    title: 'Brands',
    lead: 'A brand gives the pages under one of your domains a name, colours and a logo. Each brand needs a domain.',
    body: html`${table(['Brand', 'Domain', 'Colours', ''], rows, 'No brand yet.')}
${needsDomain ? html`<p class="hint">Add a domain that carries no brand yet, then the brand.</p>` : form}`,
  });
}

export function pluginsSection(context: SectionContext): Html {
  const { state } = context;
  const { typed, faults } = triedIn(context, 'plugins');
  const rows = state.plugins.map(
    ({ id, name, addedAt }) =>
      html`<tr><th scope="row">${name}</th><td>${when(addedAt)}</td><td class="act">${
        state.you.administrator &&
        removal(context, {
          path: `/plugins/${id}/remove`,
          name,
          consequence: 'The plugin is switched off for every user of this server.',
        })
      }</td></tr>`,
  );
  return section('plugins', {
    title: 'Plugins',
    lead: 'Extensions that are enabled for everybody on this server.',
    body: html`${table(['Plugin', 'Enabled', ''], rows, 'No plugin yet.')}
${adding(context, {
  thing: 'plugins',
  button: 'Enable plugin',
  fields: field({ id: 'plugin-name', name: 'name', label: 'Name of the plugin', value: typed.name, faults }),
})}`,
  });
}
