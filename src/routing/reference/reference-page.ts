import { textsOf } from '../../texts/texts.ts';
import { type Html, html } from '../html.ts';
import type { Json } from '../schemas.ts';
import { type CurlFacts, curlExample } from './curl-example.ts';
import { type Answer, type ApiDocument, type Call, callsByTag, referredName } from './document.ts';
import { fieldList, kindOf, paragraphs, withCode } from './field-list.ts';
import { exclusiveFields, fieldsOfBody, formsOf, withoutNull } from './fields.ts';

const texts = textsOf('en').reference;
const problemType = 'application/problem+json';

/** What the page of one server needs besides its document. */
export interface ReferenceFacts extends Omit<CurlFacts, 'schemas'> {
  /** Address of the document. */
  document: string;
  /** Address of the page of reason codes, with each code as an anchor. */
  codes?: string;
  icon?: string;
}

/** The calls of a document as one page without script: by tag, with fields, refusals and an example for a shell. */
export function referencePage(document: ApiDocument, facts: ReferenceFacts): Html {
  const { info, components } = document;
  const page = createPage(document, facts);
  const tags = [...callsByTag(document)];
  const shapes = Object.entries(components.schemas).filter(([name]) => !page.shownInPlace.has(name));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${info.title}</title>
<link rel="icon" href="${facts.icon ?? 'data:,'}">
<link rel="stylesheet" href="/docs/reference.css">
</head>
<body>
<a class="skip" href="#calls">${texts.skip}</a>
<header>
<h1>${info.title}</h1>
${paragraphs(info.description)}
<p>${texts.forPrograms({ version: info.version, link: html`<a href="${facts.document}">openapi.json</a>` })}</p>
</header>
<nav aria-label="${texts.contents}">
${tags.map(
  ([tag, calls]) => html`<details><summary>${tag}</summary>
<ul>${calls.map(({ operationId, summary }) => html`<li><a href="#${operationId}">${withCode(summary)}</a></li>`)}</ul></details>`,
)}
<details><summary>${texts.shapes}</summary>
<ul>${shapes.map(([name]) => html`<li><a href="#shape-${name}">${name}</a></li>`)}</ul></details>
</nav>
<main id="calls" tabindex="-1">
<section>
<h2 id="credentials">${texts.credentials}</h2>
<dl class="fields">${Object.entries(components.securitySchemes).map(
    ([name, scheme]) => html`<div><dt><code>${name}</code></dt><dd>${paragraphs(scheme.description)}</dd></div>`,
  )}</dl>
${page.aboutRefusals()}
</section>
${tags.map(([tag, calls]) => html`<section><h2>${tag}</h2>${calls.map(page.callHtml)}</section>`)}
<section>
<h2>${texts.shapes}</h2>
${shapes.map(
  ([name, schema]) => html`<section class="call"><h3 id="shape-${name}">${name}</h3>${page.shape(schema)}</section>`,
)}
</section>
</main>
</body>
</html>`;
}

function createPage(document: ApiDocument, facts: ReferenceFacts) {
  const { schemas } = document.components;
  const calls = [...callsByTag(document).values()].flat();
  const problem = calls
    .flatMap(({ responses }) => Object.values(responses))
    .map(({ content }) => referredName(content?.[problemType]?.schema ?? {}))
    .find((name) => name !== undefined);

  /** Named schemas that one call alone uses, as a body or an answer: they are shown there. */
  const shownInPlace = (() => {
    const bodies = calls.flatMap(({ requestBody, responses }) =>
      [requestBody, ...Object.values(responses)].flatMap((each) => Object.values(each?.content ?? {})),
    );
    const inPlace = bodies.map(({ schema }) => referredName(schema)).filter((name) => name !== undefined);
    const uses = [...JSON.stringify(document).matchAll(/"\$ref":"[^"]+\/([^"]+)"/g)].map(([, name]) => name);
    return new Set(inPlace.filter((name) => uses.indexOf(name) === uses.lastIndexOf(name)));
  })();

  function shape(own: Json): Html {
    const name = referredName(own) ?? '';
    const { schema } = withoutNull(shownInPlace.has(name) ? schemas[name]! : own);
    const forms = formsOf(schema);
    if (forms.length > 0) {
      const { length: count } = forms;
      return html`${described(schema)}${forms.map((form, index) => {
        return html`<p class="form">${texts.form({ number: index + 1, count })}</p>${fieldList(fieldsOfBody(form))}`;
      })}`;
    }
    const fields = fieldsOfBody(schema);
    const exclusive = exclusiveFields(schema);
    return html`${described(schema)}
${(fields.length === 0 || schema.type === 'array') && html`<p>${kindOf(schema)}</p>`}
${exclusive.length > 0 && html`<p>${texts.exactlyOne} <code>${exclusive.join(', ')}</code></p>`}
${fields.length > 0 && fieldList(fields)}`;
  }

  function answerHtml([status, { content = {}, headers = {} }]: [string, Answer]): Html {
    const bodies = Object.entries(content).filter(([type]) => type !== problemType);
    const fields = Object.entries(headers).map(([name, { description, required, schema }]) => {
      return { name, required, ...withoutNull({ ...schema, description }), place: 'header' };
    });
    return html`${bodies.map(([type, { schema }]) => {
      const isStream = type === 'text/event-stream';
      return html`<h4>${isStream ? texts.events({ status, type }) : texts.answer({ status })}</h4>${shape(schema)}`;
    })}
${bodies.length === 0 && html`<h4>${texts.answer({ status })}</h4><p>${texts.empty}</p>`}
${fields.length > 0 && fieldList(fields)}`;
  }

  /** The sentences of a refusal, each beginning with its code, which leads to what there is about it. */
  function refusalHtml([status, { description, headers = {} }]: [string, Answer]): Html {
    const carried = Object.entries(headers).map(
      ([name, { description: about }]) => html`<p><code>${name}</code>: ${about}</p>`,
    );
    const sentences = description.split('\n\n').map((sentence) => {
      const code = /^`(\w+)`/.exec(sentence)?.[1];
      const rest = facts.codes && code ? sentence.slice(code.length + 2) : sentence;
      const link = rest !== sentence && html`<a href="${facts.codes}#${code}"><code>${code}</code></a>`;
      return html`<p>${link}${withCode(rest)}</p>`;
    });
    return html`<div><dt>${status}</dt><dd>${sentences}${carried}</dd></div>`;
  }

  return {
    shownInPlace,
    shape,

    aboutRefusals(): Html {
      if (problem === undefined) return html``;
      const shapeLink = html`<a href="#shape-${problem}">${problem}</a>`;
      const codes = facts.codes ? html`<a href="${facts.codes}">${texts.allCodes}</a>` : '';
      return html`<p>${texts.refusals({ shape: shapeLink, codes })}</p>`;
    },

    callHtml(call: Call): Html {
      const { method, path, operationId, summary, description, parameters, requestBody, responses } = call;
      const fields = parameters.map(({ name, in: place, required, schema, description: about }) => {
        const { schema: inner, nullable } = withoutNull(schema);
        return { name, place, required, nullable, schema: about ? { ...inner, description: about } : inner };
      });
      const refusals = Object.entries(responses).filter(([, { content }]) => isRefusal(content));
      const answers = Object.entries(responses).filter(([, { content }]) => !isRefusal(content));
      const names = call.security.flatMap((scheme) => Object.keys(scheme));
      const isOpen = call.security.length === 0 || call.security.some((scheme) => Object.keys(scheme).length === 0);
      const needed = [...(isOpen ? [texts.everybody] : []), ...names].join(` ${texts.field.or} `);
      return html`<section class="call">
<h3 id="${operationId}"><a href="#${operationId}">${withCode(summary)}</a></h3>
<p class="address"><b>${method.toUpperCase()}</b> <code>${path}</code></p>
${description && paragraphs(description)}
<p>${texts.anyOf({ names: needed })}</p>
${fields.length > 0 && html`<h4>${texts.parameters}</h4>${fieldList(fields)}`}
${Object.values(requestBody?.content ?? {}).map(({ schema }) => html`<h4>${texts.body}</h4>${shape(schema)}`)}
${answers.map(answerHtml)}
<h4>${texts.example}</h4>
<pre><code>${curlExample(call, { ...facts, schemas })}</code></pre>
${
  refusals.length > 0 &&
  html`<details><summary>${texts.refused({ count: refusals.length })}</summary>
<dl class="fields">${refusals.map(refusalHtml)}</dl></details>`
}
</section>`;
    },
  };
}

function described({ description }: Json): Html | false {
  return typeof description === 'string' && paragraphs(description);
}

function isRefusal(content: Answer['content'] = {}): boolean {
  return problemType in content;
}
