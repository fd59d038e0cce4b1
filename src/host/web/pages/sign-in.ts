import type { HostError } from '../../reasons.ts';
import { html } from './html.ts';
import { csrfField, field, type Page, refusalBox, sendPage } from './layout.ts';

interface Tried {
  email?: string;
  error?: HostError;
  status?: number;
}

function introduction({ brand, name }: Page) {
  return brand ? html`<p class="overline">${brand.domain}</p><h1>${name}</h1>` : html`<h1>Sign in</h1>`;
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
  html`<div class="notice" role="status"><strong>This server is still registering its licence.</strong>
<p>This happens once and takes a moment. Reload the page, then create your account.</p></div>`
}
<form method="post" action="/sign-in">${csrfField(page)}
${field({ id: 'email', name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username', value: email, autofocus: true, faults })}
${field({ id: 'password', name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password', faults })}
<button class="wide">Sign in</button></form>
<div class="rule"><span>New here?</span></div>
<a class="button plain wide" href="/create-account">Create account</a>
</section>
${!page.brand && html`<p class="aside">Private server <strong>${contract.hostnames[0]}</strong></p>`}</div>`;
  sendPage(page, { title: 'Sign in', status, body });
}

export function sendCreateAccountPage(page: Page, { email = '', error, status = 200 }: Tried = {}): void {
  const faults = error?.faults;
  const body = html`<div class="entry">
<section class="card" aria-labelledby="title">
<div id="title">${page.brand && html`<p class="overline">${page.name}</p>`}<h1>Create account</h1></div>
<p class="lead">This server is private. Only its administrator, and people whom the administrator has admitted, can
create an account. Your address needs no confirmation.</p>
${refusalBox(error)}
<form method="post" action="/create-account">${csrfField(page)}
${field({ id: 'email', name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username', value: email, autofocus: true, faults })}
${field({ id: 'password', name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', minLength: 10, hint: 'At least 10 characters; a short sentence is easy to remember.', faults })}
<button class="wide">Create account</button></form>
<div class="rule"><span>Have an account?</span></div>
<a class="button plain wide" href="/sign-in">Sign in</a>
</section></div>`;
  sendPage(page, { title: 'Create account', status, body });
}
