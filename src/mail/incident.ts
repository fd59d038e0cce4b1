import type { Incident } from '../contracts/api/incidents.ts';
import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';

const { mails, incidents: incidentTexts } = textsOf('en');
const texts = mails.incident;

interface Values {
  severity: string;
  title: string;
  meaning: string;
  detail: string;
  next: string;
  rows: { label: string; value: string }[];
  decisions: Incident['decisions'];
  look: string;
  reasonUrl: string;
  workflowUrl: string;
  isLast: boolean;
}

const render = compileMail<Values>(
  {
    html: `{{> title text=title}}
<p style="margin:0">{{meaning}}</p>
{{#if detail}}{{> code text=detail}}{{/if}}
{{> facts rows=rows}}
{{> heading text=(say "decide")}}
<p style="margin:0">{{next}}</p>
{{#each decisions}}<p style="margin:12px 0 0">{{effect}}:</p>{{> code text=command}}{{/each}}
{{> heading text=(say "look")}}
{{> code text=look}}
{{#if workflowUrl}}<p style="margin:0">{{link workflowUrl (say "workflow")}}</p>{{/if}}
<p style="margin:0">{{link reasonUrl (say "reason")}}</p>
{{#if isLast}}<p class="quiet" style="margin:16px 0 0;color:#5b6875">{{say "last"}}</p>{{/if}}`,
    text: `{{title}}

{{meaning}}
{{#if detail}}
{{detail}}
{{/if}}
{{#each rows}}
{{label}}: {{value}}
{{/each}}

{{underlined "decide" as="-"}}
{{next}}
{{#each decisions}}
- {{effect}}:
  {{command}}
{{/each}}

{{underlined "look" as="-"}}
{{look}}
{{#if workflowUrl}}
{{say "workflow"}}: {{workflowUrl}}
{{/if}}
{{say "reason"}}: {{reasonUrl}}
{{#if isLast}}

{{say "last"}}
{{/if}}`,
  },
  { ...texts, preheader: ({ meaning }: { meaning: string }) => meaning },
);

/**
 * The e-mail to operators about one incident: what happened and why, what can be decided, where to look. `isLast`: for
 * the rest of the hour no further incident of its severity is mailed.
 */
export function renderIncident(incident: Incident, { isLast }: { isLast: boolean }): Mail {
  const { severity, title, meaning, detail = '', next, decisions, look, links } = incident;
  const { hostname, instanceId, orderId, operationId, step, attempt, reason, openedAt, id } = incident;
  const rows = Object.entries({
    [texts.rows.severity]: incidentTexts.severities[severity],
    [texts.rows.reason]: reason,
    [texts.rows.server]: hostname,
    [texts.rows.step]: step && `${step} (${texts.attempt({ attempt: attempt ?? 1 })})`,
    [texts.rows.operation]: operationId,
    [texts.rows.instance]: instanceId,
    [texts.rows.order]: orderId,
    [texts.rows.since]: openedAt,
    [texts.rows.incident]: id,
  }).flatMap(([label, value]) => (value ? [{ label, value }] : []));
  return render({
    ...{ title, meaning, detail, next, rows, decisions, look, isLast },
    severity: incidentTexts.severities[severity],
    reasonUrl: links.reason,
    workflowUrl: links.workflow ?? '',
  });
}
