import { textsOf } from '../../../texts/texts.ts';
import { hostState } from '../../state.ts';
import { visitOf } from '../session.ts';
import { type Html, html } from './html.ts';
import { type Page, refusalBox, sendPage } from './layout.ts';
import { licenceCard, limitsTable } from './overview.ts';
import type { Refused, SectionContext } from './section-context.ts';
import { brandsSection, devicesSection, domainsSection, pluginsSection, usersSection } from './sections.ts';

const { start: texts, things } = textsOf('en').host;

export function sendStartPage(
  page: Page,
  { refused, status = 200 }: { refused?: Refused; status?: number } = {},
): void {
  const state = hostState(page.host, visitOf(page.res).user);
  const code = page.req.query.done;
  const { done }: { done: Readonly<Record<string, string>> } = texts;
  const message = typeof code === 'string' && Object.hasOwn(done, code) ? done[code] : undefined;
  const context: SectionContext = { page, state, writable: !state.licence.readOnly, refused };
  const body = html`<div class="title-row"><div><p class="overline">${texts.overline}</p><h1>${state.instance.hostname}</h1></div></div>
${message && html`<div class="notice good" role="status"><strong>${message}</strong></div>`}
${refusalBox(refused?.error, refused?.section)}
${banner(context)}
<div class="overview">${licenceCard(state)}${limitsTable(state)}</div>
<nav class="sections" aria-label="${texts.onThisPage}"><a href="#devices">${things.titles.devices}</a><a href="#users">${things.titles.users}</a>
<a href="#domains">${things.titles.domains}</a><a href="#brands">${things.titles.brands}</a><a href="#plugins">${things.titles.plugins}</a></nav>
${devicesSection(context)}
${usersSection(context)}
${domainsSection(context)}
${brandsSection(context)}
${pluginsSection(context)}`;
  sendPage(page, { title: texts.title, status, body });
}

function banner({ state: { licence } }: SectionContext): Html | undefined {
  if (!licence.readOnly) return undefined;
  const reason = `${licence.reason?.text ?? ''} ${licence.reason?.remedy ?? ''}`;
  return html`<div class="notice bad" role="status"><strong>${texts.readOnly}</strong>
<p>${texts.readOnlyNext({ reason })}</p></div>`;
}
