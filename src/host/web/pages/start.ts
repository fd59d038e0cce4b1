import type { HostError } from '../../reasons.ts';
import { hostState } from '../../state.ts';
import { visitOf } from '../session.ts';
import { type Html, html } from './html.ts';
import { type Page, refusalBox, sendPage } from './layout.ts';
import { licenceCard, limitsTable } from './overview.ts';
import { brandsSection, devicesSection, domainsSection, pluginsSection, usersSection } from './sections.ts';

/** What was done, by the code in the URL after a form was sent. */
const done: Readonly<Record<string, string>> = {
  'user-added': 'The address is admitted. Its owner can create an account now.',
  'user-removed': 'The user was removed.',
  'domain-added': 'The server answers under the domain now, once its DNS record points here.',
  'domain-removed': 'The domain was removed.',
  'brand-added': 'The brand was added. Open its domain to see it.',
  'brand-removed': 'The brand was removed.',
  'plugin-added': 'The plugin is enabled.',
  'plugin-removed': 'The plugin was removed.',
  'device-removed': 'The device was removed.',
};

/** The refused form: where, why, and the entered values. */
export interface Refused {
  section: SectionName;
  error: HostError;
  typed: Record<string, string>;
}

export type SectionName = 'users' | 'domains' | 'brands' | 'plugins' | 'devices';

export interface SectionContext {
  page: Page;
  state: ReturnType<typeof hostState>;
  /** Whether forms are shown: the licence allows changes. */
  writable: boolean;
  refused?: Refused;
}

export function sendStartPage(
  page: Page,
  { refused, status = 200 }: { refused?: Refused; status?: number } = {},
): void {
  const state = hostState(page.host, visitOf(page.res).user);
  const code = page.req.query.done;
  const message = typeof code === 'string' && Object.hasOwn(done, code) ? done[code] : undefined;
  const context: SectionContext = { page, state, writable: !state.licence.readOnly, refused };
  const body = html`<div class="title-row"><div><p class="overline">Private server</p><h1>${state.instance.hostname}</h1></div></div>
${message && html`<div class="notice good" role="status"><strong>${message}</strong></div>`}
${refusalBox(refused?.error, refused?.section)}
${banner(context)}
<div class="overview">${licenceCard(state)}${limitsTable(state)}</div>
<nav class="sections" aria-label="On this page"><a href="#devices">Devices</a><a href="#users">Users</a>
<a href="#domains">Domains</a><a href="#brands">Brands</a><a href="#plugins">Plugins</a></nav>
${devicesSection(context)}
${usersSection(context)}
${domainsSection(context)}
${brandsSection(context)}
${pluginsSection(context)}`;
  sendPage(page, { title: 'Start', status, body });
}

function banner({ state: { licence } }: SectionContext): Html | undefined {
  if (!licence.readOnly) return undefined;
  return html`<div class="notice bad" role="status"><strong>This server is read-only at the moment.</strong>
<p>${licence.reason?.text} ${licence.reason?.remedy} Devices go on sending; nothing is lost. Changes are possible again
after the next good check of the licence.</p></div>`;
}
