import { textsOf } from '../../../texts/texts.ts';
import { defaultColours } from '../../inputs.ts';
import type { BoundedThing } from '../../limits.ts';
import { type ProductPlugin, productPlugins } from '../../plugins.ts';
import type { FieldFault } from '../../reasons.ts';
import { shownName } from '../../shown-name.ts';
import { serverDefinition } from './device-commands.ts';
import { type Html, html } from './html.ts';
import { csrfField, field } from './layout.ts';
import type { SectionContext, SectionName } from './section-context.ts';
import { when } from './when.ts';

const { sections: texts, things, plugins: pluginNames } = textsOf('en').host;

/** What a refused form of this section had typed, and its faults. */
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

function table(name: SectionName, { headings, rows }: { headings: string[]; rows: Html[] }): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-labelledby="${name}-title"><table><thead><tr>${headings.map(
    (heading) => (heading === '' ? html`<td></td>` : html`<th scope="col">${heading}</th>`),
  )}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** A table, or the sentence that there is nothing yet. */
function tableOr(empty: string, name: SectionName, { headings, rows }: { headings: string[]; rows: Html[] }): Html {
  return rows.length === 0 ? html`<p class="empty">${empty}</p>` : table(name, { headings, rows });
}

/** A button that names its consequence before it can be pressed. */
function removal(
  { page, writable }: SectionContext,
  { path, name, consequence }: { path: string; name: string; consequence: string },
): Html | undefined {
  if (!writable) return undefined;
  return html`<details class="removal"><summary>${texts.removeShort}<span class="unseen"> ${name}</span></summary>
<form method="post" action="${path}">${csrfField(page)}<p>${consequence}</p>
<button class="danger">${texts.remove({ name })}</button></form></details>`;
}

/** The form that adds one more, or the sentence that says why there is none. */
function adding(
  context: SectionContext,
  { thing, fields, button, multipart }: { thing: BoundedThing; fields: Html; button: string; multipart?: boolean },
): Html | undefined {
  const { state, page, writable } = context;
  if (thing !== 'devices' && !state.you.administrator) {
    return html`<p class="hint">${texts.onlyAdministrator}</p>`;
  }
  if (!writable) return undefined;
  const { used, limit } = state.limits[thing];
  if (limit !== null && used >= limit) {
    const { plan } = state.instance;
    const text =
      limit === 0
        ? texts.noneInPlan({ plan, things: things.counted[thing]({ count: limit }) })
        : texts.allInUse({ plan, limit, things: things.counted[thing]({ count: limit }) });
    return html`<p class="hint">${text} ${texts.more}</p>`;
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
<td>${lastReading ? valueList(lastReading.values) : html`<span class="hint">${texts.devices.nothingYet}</span>`}</td>
<td>${lastReading && when(lastReading.at)}</td></tr>`,
  );
  const { head } = texts.devices;
  const headings = [head.device, ...(state.you.administrator ? [head.owner] : []), head.lastReading, head.measured];
  return section('devices', {
    title: things.titles.devices,
    lead: texts.devices.lead,
    body: html`${serverDefinition(context.page)}
${tableOr(texts.devices.none, 'devices', { headings, rows })}
${adding(context, {
  thing: 'devices',
  button: texts.devices.add,
  fields: field({ id: 'device-name', name: 'name', label: texts.devices.name, value: typed.name, faults }),
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
    ({ id, email, administrator, joinedAt }) => html`<tr><th scope="row">${shownName(email)}</th>
<td>${administrator ? texts.users.administrator : texts.users.user}</td>
<td>${joinedAt ? texts.users.signedUp({ when: when(joinedAt) }) : texts.users.admitted}</td>
<td class="act">${
      state.you.administrator &&
      !administrator &&
      removal(context, {
        path: `/users/${id}/remove`,
        name: shownName(email),
        consequence: texts.users.removal,
      })
    }</td></tr>`,
  );
  return section('users', {
    title: things.titles.users,
    lead: texts.users.lead,
    body: html`${tableOr(texts.users.none, 'users', { headings: [...Object.values(texts.users.head), ''], rows })}
${adding(context, {
  thing: 'users',
  button: texts.users.add,
  fields: field({
    id: 'user-email',
    name: 'email',
    label: texts.users.email,
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
      (name) => html`<tr><th scope="row">${name}</th><td>${texts.domains.ownName}</td><td></td></tr>`,
    ),
    ...state.domains.map(
      ({ id, name }) => html`<tr><th scope="row">${domainName(name)}</th>
<td>${state.brands.find(({ domain }) => domain === name)?.name ?? texts.domains.noBrand}</td>
<td class="act">${
        state.you.administrator &&
        removal(context, {
          path: `/domains/${id}/remove`,
          name: shownName(name),
          consequence: texts.domains.removal,
        })
      }</td></tr>`,
    ),
  ];
  return section('domains', {
    title: things.titles.domains,
    lead: texts.domains.lead,
    body: html`${table('domains', { headings: [...Object.values(texts.domains.head), ''], rows })}
${adding(context, {
  thing: 'domains',
  button: texts.domains.add,
  fields: field({
    id: 'domain-name',
    name: 'name',
    label: texts.domains.name,
    placeholder: 'iot.example.com',
    hint: texts.domains.hint({ hostname: state.instance.hostname }),
    value: typed.name,
    faults,
  }),
})}`,
  });
}

/** A domain as people write it; beside it the form that its DNS record needs, where that is another one. */
function domainName(name: string): Html {
  const shown = shownName(name);
  return shown === name ? html`${name}` : html`${shown} <span class="exact">${name}</span>`;
}

export function brandsSection(context: SectionContext): Html {
  const { state } = context;
  const { typed, faults } = triedIn(context, 'brands');
  const rows = state.brands.map(
    ({ id, name, domain, logo, accent, band }) => html`<tr><th scope="row"><span class="brand-name">${
      logo && html`<img src="${logo}" alt="" height="24">`
    }${name}</span></th><td>${domainName(domain)}</td>
<td><img class="swatch" src="/brands/${id}/colours.svg" alt="${texts.brands.colours({ accent, band })}" width="40" height="20"></td>
<td class="act">${
      state.you.administrator &&
      removal(context, {
        path: `/brands/${id}/remove`,
        name,
        consequence: texts.brands.removal({ domain: shownName(domain) }),
      })
    }</td></tr>`,
  );
  const free = state.domains.filter(({ name }) => !state.brands.some(({ domain }) => domain === name));
  const form = adding(context, {
    thing: 'brands',
    button: texts.brands.add,
    multipart: true,
    fields: html`${field({ id: 'brand-name', name: 'name', label: texts.brands.name, value: typed.name, faults })}
<div class="field"><label for="brand-domain">${texts.brands.domain}</label><select id="brand-domain" name="domain" required>
${free.map(({ name }) => html`<option value="${name}"${typed.domain === name && html` selected`}>${shownName(name)}</option>`)}</select></div>
${field({ id: 'brand-accent', name: 'accent', label: texts.brands.accent, type: 'color', value: typed.accent ?? defaultColours.accent, faults })}
${field({ id: 'brand-band', name: 'band', label: texts.brands.band, type: 'color', value: typed.band ?? defaultColours.band, faults })}
${field({ id: 'brand-logo', name: 'logo', label: texts.brands.logo, type: 'file', required: false, accept: 'image/png,image/jpeg,image/webp', hint: texts.brands.logoHint, faults })}`,
  });
  const { used, limit } = state.limits.brands;
  const needsDomain = state.you.administrator && free.length === 0 && (limit === null || used < limit);
  return section('brands', {
    title: things.titles.brands,
    lead: texts.brands.lead,
    body: html`${tableOr(texts.brands.none, 'brands', { headings: [...Object.values(texts.brands.head), ''], rows })}
${needsDomain ? html`<p class="hint">${texts.brands.needsDomain}</p>` : form}`,
  });
}

function pluginName(code: ProductPlugin): string {
  return pluginNames[code];
}

export function pluginsSection(context: SectionContext): Html {
  const { state } = context;
  const { typed, faults } = triedIn(context, 'plugins');
  const rows = state.plugins.map(
    ({ id, name, addedAt }) =>
      html`<tr><th scope="row">${pluginName(name)}</th><td>${when(addedAt)}</td><td class="act">${
        state.you.administrator &&
        removal(context, {
          path: `/plugins/${id}/remove`,
          name: pluginName(name),
          consequence: texts.plugins.removal,
        })
      }</td></tr>`,
  );
  const more = productPlugins.filter((code) => !state.plugins.some(({ name }) => name === code));
  const form = adding(context, {
    thing: 'plugins',
    button: texts.plugins.add,
    fields: html`<div class="field${faults.length > 0 ? ' wrong' : ''}"><label for="plugin-name">${texts.plugins.name}</label><select id="plugin-name" name="name" required>
${more.map((code) => html`<option value="${code}"${typed.name === code && html` selected`}>${pluginName(code)}</option>`)}</select>
${faults.map(({ message }) => html`<p class="fault">${message}</p>`)}</div>`,
  });
  return section('plugins', {
    title: things.titles.plugins,
    lead: texts.plugins.lead,
    body: html`${tableOr(texts.plugins.none, 'plugins', { headings: [...Object.values(texts.plugins.head), ''], rows })}
${more.length === 0 ? html`<p class="hint">${texts.plugins.allEnabled}</p>` : form}`,
  });
}
