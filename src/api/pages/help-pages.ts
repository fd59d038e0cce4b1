import type { Express } from 'express';
import { type HelpTopic, helpTopics } from '../../contracts/help-topics.ts';
import { type Html, html } from '../../routing/html.ts';
import { textsOf } from '../../texts/texts.ts';
import { plainPageHtml } from './plain-page.ts';

const { help: texts } = textsOf('en');

/** Serves the documents for customers, `/help/{topic}`; mails and the live page lead there. */
export function mountHelpPages(app: Express): void {
  for (const topic of helpTopics) {
    const page = plainPageHtml({ title: texts.topics[topic].title, tone: '', body: bodyOf(topic) }).html;
    app.get(`/help/${topic}`, (_request, response) => {
      response.set('Cache-Control', 'public, max-age=300').type('html').send(page);
    });
  }
}

/** What a section shows below its text, by its code. */
const examples: Readonly<Record<string, string>> = {
  address: '#define THINGER_SERVER "acme.example.com"',
  reading: `curl https://acme.example.com/v1/devices/DEVICE/readings \\
  -H 'Authorization: Bearer CREDENTIAL' \\
  -H 'Content-Type: application/json' \\
  -d '{"values": {"temperature": 21.5}}'`,
};

function bodyOf(topic: HelpTopic): Html {
  const sections = Object.entries(texts.topics[topic].sections).map(
    ([code, { title, text }]) => html`<h2>${title}</h2>
<p>${text}</p>
${examples[code] !== undefined && html`<pre class="snippet" tabindex="0"><code>${examples[code]}</code></pre>`}`,
  );
  const others = helpTopics.filter((other) => other !== topic);
  const links = others.map(
    (other, index) => html`${index > 0 ? ', ' : ''}<a href="/help/${other}">${texts.topics[other].title}</a>`,
  );
  return html`<div class="help">${sections}</div>
<p class="quiet">${texts.more}: ${links}.</p>`;
}
