import type { Incident } from '../contracts/api/incidents.ts';
import { textsOf } from '../texts/texts.ts';
import { compileMail, type Mail } from './layout.ts';

const { mails, incidents: incidentTexts } = textsOf('en');
const texts = mails.openIncidents;

interface Line {
  title: string;
  about: string;
  look: string;
}

const render = compileMail<{ title: string; count: number; incidents: Line[]; tickets: Line[] }>(
  {
    html: `{{> title text=title}}
{{#unless count}}<p style="margin:0">{{say "nothing"}}</p>{{/unless}}
{{#each incidents}}<p style="margin:16px 0 0"><strong>{{title}}</strong><br>{{about}}</p>{{> code text=look}}{{/each}}
{{#if tickets}}{{> heading text=(say "tickets")}}{{/if}}
{{#each tickets}}<p style="margin:16px 0 0"><strong>{{title}}</strong><br>{{about}}</p>{{> code text=look}}{{/each}}`,
    text: `{{title}}
{{#unless count}}

{{say "nothing"}}
{{/unless}}
{{#each incidents}}

{{title}}
{{about}}
{{look}}
{{/each}}
{{#if tickets}}

{{underlined "tickets" as="-"}}
{{/if}}
{{#each tickets}}
{{title}}
{{about}}
{{look}}
{{/each}}`,
  },
  { ...texts, subject: texts.title, preheader: texts.title },
);

/** The daily e-mail to operators with everything that is open, the critical first; it comes also when nothing is. */
export function renderOpenIncidents(open: {
  incidents: readonly Incident[];
  /** Mismatches that are being repaired automatically. */
  tickets: readonly { id: string; kind: keyof ReturnType<typeof textsOf<'en'>>['reasons']; subject: string }[];
}): Mail {
  const { reasons } = textsOf('en');
  const bySeverity = [...open.incidents].sort((a, b) => a.severity.localeCompare(b.severity));
  const count = open.incidents.length + open.tickets.length;
  return render({
    title: texts.title({ count }),
    count,
    incidents: bySeverity.map(({ severity, title, reason, openedAt, meaning, next, look }) => ({
      title: `[${incidentTexts.severities[severity]}] ${title}`,
      about: `${texts.since({ openedAt, reason })} ${meaning} ${next}`,
      look,
    })),
    tickets: open.tickets.map(({ id, kind, subject }) => ({
      title: `${kind}: ${subject}`,
      about: reasons[kind].operator,
      look: `freehold tickets show ${id}`,
    })),
  });
}
