import { textsOf } from '../../../texts/texts.ts';
import { shortestPassword } from '../../inputs.ts';
import type { HostError } from '../../reasons.ts';
import { html } from './html.ts';
import { csrfField, field, type Page, refusalBox, sendPage } from './layout.ts';

const { entry: texts } = textsOf('en').host;

interface Tried {
  email?: string;
  error?: HostError;
  status?: number;
}

function introduction({ brand, name }: Page) {
  return brand ? html`<p class="overline">${brand.domain}</p><h1>${name}</h1>` : html`<h1>${texts.signIn}</h1>`;
}

/** Sign-in with a link to "Create account"; under a brand's domain it has that brand's name, colours and logo. */
export function sendSignInPage(page: Page, { email = '', error, status = 200 }: Tried = {}): void {
  const { licence, contract } = page.host;
  const starting = licence().state === 'NONE';
  const faults = error?.faults;
  const body = html`<div class="entry">
<section class="card" aria-labelledby="title">
<div id="title">${introduction(page)}</div>
${refusalBox(error)}
${
  starting &&
  html`<div class="notice" role="status"><strong>${texts.starting}</strong>
<p>${texts.startingNext}</p></div>`
}
<form method="post" action="/sign-in">${csrfField(page)}
${field({ id: 'email', name: 'email', label: texts.email, type: 'email', autocomplete: 'username', value: email, autofocus: true, faults })}
${field({ id: 'password', name: 'password', label: texts.password, type: 'password', autocomplete: 'current-password', faults })}
<button class="wide">${texts.signIn}</button></form>
<div class="rule"><span>${texts.newHere}</span></div>
<a class="button plain wide" href="/create-account">${texts.createAccount}</a>
</section>
${!page.brand && html`<p class="aside">${texts.privateServer({ hostname: html`<strong>${contract.hostnames[0]}</strong>` })}</p>`}</div>`;
  sendPage(page, { title: texts.signIn, status, body });
}

export function sendCreateAccountPage(page: Page, { email = '', error, status = 200 }: Tried = {}): void {
  const faults = error?.faults;
  const body = html`<div class="entry">
<section class="card" aria-labelledby="title">
<div id="title">${page.brand && html`<p class="overline">${page.name}</p>`}<h1>${texts.createAccount}</h1></div>
<p class="lead">${texts.lead}</p>
${refusalBox(error)}
<form method="post" action="/create-account">${csrfField(page)}
${field({ id: 'email', name: 'email', label: texts.email, type: 'email', autocomplete: 'username', value: email, autofocus: true, faults })}
${field({ id: 'password', name: 'password', label: texts.password, type: 'password', autocomplete: 'new-password', minLength: shortestPassword, hint: texts.passwordHint({ length: shortestPassword }), faults })}
<button class="wide">${texts.createAccount}</button></form>
<div class="rule"><span>${texts.haveAccount}</span></div>
<a class="button plain wide" href="/sign-in">${texts.signIn}</a>
</section></div>`;
  sendPage(page, { title: texts.createAccount, status, body });
}
