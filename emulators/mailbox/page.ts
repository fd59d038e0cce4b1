import Handlebars from 'handlebars';
import type { Message, MessageSummary } from './messages.ts';

const handlebars = Handlebars.create();
handlebars.registerHelper('time', (at: number) => new Date(at).toLocaleString('en-GB'));

handlebars.registerPartial(
  'frame',
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{{#if newest}}<script src="/list.js" data-newest="{{newest}}" defer></script>{{/if}}
<title>{{title}}</title>
<style>
:root { color-scheme: light dark; --ink: light-dark(#1b2733, #e8ecf0); --quiet: light-dark(#5f6c78, #a3afba);
  --paper: light-dark(#fff, #1e242a); --ground: light-dark(#f3f5f7, #14181c); --rule: light-dark(#dde3e8, #323b44);
  --accent: light-dark(#1f5f8b, #7cc0ea); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 32px 16px; }
h1 { font-size: 22px; margin: 0 0 4px; } p { margin: 0 0 20px; color: var(--quiet); } a { color: var(--accent); }
.card { background: var(--paper); border: 1px solid var(--rule); border-radius: 10px; overflow: hidden; }
table { width: 100%; border-collapse: collapse; } td, th { text-align: left; padding: 10px 16px; vertical-align: top; }
tr + tr td, tbody tr td { border-top: 1px solid var(--rule); } th { color: var(--quiet); font-weight: 500; }
td { overflow-wrap: anywhere; } .subject a { display: inline-block; min-height: 24px; }
.time { white-space: nowrap; color: var(--quiet); font-variant-numeric: tabular-nums; }
iframe { display: block; width: 100%; height: 760px; border: 0; background: #fff; }
pre { margin: 0; padding: 20px; white-space: pre-wrap; overflow-wrap: anywhere; font: 13.5px/1.55 ui-monospace, monospace; }
nav { display: flex; gap: 16px; margin: 0 0 12px; } nav a[aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 12px 0 20px; } dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; } h1 { overflow-wrap: anywhere; }
@media (max-width: 640px) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { display: flex; flex-direction: column; padding: 10px 16px; } tbody tr + tr { border-top: 1px solid var(--rule); }
  tbody tr td { border: 0; padding: 1px 0; } .subject { order: -1; font-weight: 600; }
  dl { grid-template-columns: 1fr; }
}
</style>
</head>
<body><main>{{> @partial-block}}</main></body>
</html>`,
);

const list = handlebars.compile<{
  messages: MessageSummary[];
  newest: string;
  to?: string | undefined;
}>(`{{#> frame title="Mailbox"}}
<h1>Mailbox</h1>
<p>What the platform sent{{#if to}} to {{to}} (<a href="/">all</a>){{/if}}. Nothing leaves this machine.</p>
<div class="card"><table>
<thead><tr><th>Received</th><th>To</th><th>Subject</th></tr></thead>
<tbody>
{{#each messages}}<tr><td class="time">{{time receivedAt}}</td><td>{{#each to}}<a href="/?to={{this}}">{{this}}</a> {{/each}}</td><td class="subject"><a href="/mails/{{id}}">{{#if subject}}{{subject}}{{else}}(no subject){{/if}}</a></td></tr>
{{else}}<tr><td colspan="3">No mail yet.</td></tr>{{/each}}
</tbody></table></div>
{{/frame}}`);

const view = handlebars.compile<Message & { asText: boolean }>(`{{#> frame title=subject}}
<nav aria-label="Pages"><a href="/">Mailbox</a></nav>
<h1>{{subject}}</h1>
<dl><dt>From</dt><dd>{{from}}</dd><dt>To</dt><dd>{{#each to}}{{this}} {{/each}}</dd><dt>Received</dt><dd>{{time receivedAt}}</dd><dt>Message-ID</dt><dd>{{messageId}}</dd></dl>
<nav aria-label="Forms of this mail"><a href="/mails/{{id}}"{{#unless asText}} aria-current="page"{{/unless}}>HTML</a><a href="/mails/{{id}}?view=text"{{#if asText}} aria-current="page"{{/if}}>Text</a></nav>
<div class="card">{{#if asText}}<pre>{{text}}</pre>{{else}}<iframe title="The mail" sandbox="allow-popups" src="/mails/{{id}}/html"></iframe>{{/if}}</div>
{{/frame}}`);

/** Reloads the list when there is a newer mail than those that it shows. */
export const listScript = `const { newest } = document.currentScript.dataset;
setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch('/messages' + location.search).catch(() => undefined);
  if (!answer?.ok) return;
  const { messages } = await answer.json();
  if ('id-' + (messages[0]?.id ?? 0) !== newest) location.reload();
}, 2_000);
`;

/** The list of mails, newest first; with a script it shows new ones by itself. */
export function listPage(messages: MessageSummary[], to: string | undefined): string {
  return list({ messages, newest: `id-${messages[0]?.id ?? 0}`, to });
}

/** One mail: its HTML in a sandboxed frame, or its text. */
export function messagePage(message: Message, asText: boolean): string {
  return view({ ...message, asText });
}
