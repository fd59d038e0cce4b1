import type { ReasonCode } from '../contracts/reasons.ts';
import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';

const {
  mails: { serverIncident: texts },
  reasons: reasonTexts,
} = textsOf('en');

export interface ServerIncidentInput {
  hostname: string;
  /** What is wrong with the server. */
  reason: ReasonCode;
  /** The differences that were found, a sentence each. */
  found: readonly string[];
  /** Whether it is repaired automatically, or people decide first. */
  next: 'repair' | 'team';
  /** The live page of the server; undefined for a reader who has no link to it. */
  pageUrl?: string;
}

const render = compileMail<
  Pick<ServerIncidentInput, 'hostname' | 'found'> & { why: string; what: string; pageUrl: string | null }
>(
  {
    html: `{{> title text=(say "title")}}
<p style="margin:0">{{say "lead" hostname=(strong hostname)}} {{why}}</p>
{{#if found}}{{> heading text=(say "found")}}
<ul style="margin:0;padding-left:22px">{{#each found}}<li style="margin-bottom:4px">{{this}}</li>{{/each}}</ul>{{/if}}
{{> heading text=(say "now")}}
<p style="margin:0">{{what}}</p>
{{#if pageUrl}}{{> button url=pageUrl text=(say "seePage")}}{{/if}}`,
    text: `{{underlined "title"}}

{{say "lead" hostname=hostname}} {{why}}
{{#if found}}

{{underlined "found" as="-"}}
{{#each found}}
- {{this}}
{{/each}}
{{/if}}

{{underlined "now" as="-"}}
{{what}}
{{#if pageUrl}}

{{say "seePage"}}: {{pageUrl}}
{{/if}}`,
  },
  { ...texts, preheader: ({ why }: { why: string }) => why },
);

/** The e-mail that a delivered server differs from what was built. */
export function renderServerIncident({ hostname, reason, found, next, pageUrl }: ServerIncidentInput): Mail {
  return render({
    hostname,
    found,
    pageUrl: pageUrl ?? null,
    why: reasonTexts[reason].customer,
    what: texts.next[next],
  });
}
