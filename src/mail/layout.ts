import Handlebars from 'handlebars';

/** A rendered e-mail, without address and Message-ID. */
export interface Mail {
  subject: string;
  html: string;
  text: string;
}

/** Templates of one kind of e-mail; `html` is the inner part, which the layout wraps. */
export interface MailSource {
  html: string;
  text: string;
}

/*
 * Mail clients support tables and inline styles; some drop style blocks. So the light colours are inline, and the
 * classes serve only clients with dark mode.
 */
const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{{subject}}</title>
<style>
  :root { color-scheme: light dark; }
  a { color: #1f5f8b; }
  @media (max-width: 620px) { .card { padding: 24px 20px !important; } }
  @media (prefers-color-scheme: dark) {
    .page { background: #14181c !important; }
    .card { background: #1e242a !important; border-color: #323b44 !important; }
    .ink { color: #e8ecf0 !important; }
    .quiet { color: #a3afba !important; }
    .rule { border-color: #323b44 !important; }
    .code { background: #14181c !important; color: #e8ecf0 !important; border-color: #323b44 !important; }
    .button { background: #4b9fd1 !important; color: #0d1114 !important; }
    a { color: #7cc0ea !important; }
  }
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f3f5f7;-webkit-text-size-adjust:100%">
<div style="display:none;max-height:0;overflow:hidden">{{preheader}}</div>
<div role="main">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f3f5f7">
<tr><td align="center" style="padding:32px 12px">
  <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:580px;overflow-wrap:anywhere;word-break:break-word">
    <tr><td class="quiet" style="padding:0 4px 14px;font:600 15px/1.4 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#52606d;letter-spacing:.02em">Freehold</td></tr>
    <tr><td class="card ink" style="background:#ffffff;border:1px solid #dde3e8;border-radius:10px;padding:36px 40px;font:16px/1.55 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#1b2733">
{{{body}}}
    </td></tr>
    <tr><td class="quiet" style="padding:16px 4px 0;font:13px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#5b6875">{{footer}}</td></tr>
  </table>
</td></tr>
</table>
</div>
</body>
</html>
`;

const partials = {
  title: `<h1 class="ink" style="margin:0 0 12px;font-size:24px;line-height:1.25;font-weight:650;color:#1b2733">{{text}}</h1>`,
  heading: `<h2 class="ink" style="margin:32px 0 8px;font-size:17px;line-height:1.35;font-weight:650;color:#1b2733">{{text}}</h2>`,
  button: `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:20px 0"><tr><td style="border-radius:7px"><a class="button" href="{{url}}" style="display:inline-block;padding:12px 22px;border-radius:7px;background:#1f5f8b;color:#ffffff;font-weight:600;text-decoration:none">{{text}}</a></td></tr></table>`,
  facts: `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:20px 0;font-size:15px">{{#each rows}}<tr><td class="quiet rule" style="padding:8px 16px 8px 0;border-top:1px solid #e6ebef;color:#5b6875;white-space:nowrap;vertical-align:top">{{label}}</td><td class="ink rule" style="padding:8px 0;border-top:1px solid #e6ebef;color:#1b2733;word-break:break-word">{{#if url}}<a href="{{url}}">{{value}}</a>{{else}}{{value}}{{/if}}</td></tr>{{/each}}</table>`,
  code: `<pre class="code" style="margin:12px 0;padding:14px 16px;background:#f3f5f7;border:1px solid #dde3e8;border-radius:7px;color:#1b2733;font:14px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;word-break:break-word">{{text}}</pre>`,
};

const handlebars = Handlebars.create();
handlebars.registerPartial(partials);

/*
 * Helpers of the templates. A text is named by its code in the texts of the mail; the values of its placeholders are
 * escaped here, unless `strong` or `link` has turned them into markup.
 */
const { escapeExpression, SafeString } = Handlebars;
const markup = (text: string) => new SafeString(text);
handlebars.registerHelper({
  strong: (value: string) => markup(`<strong>${escapeExpression(value)}</strong>`),
  link: (url: string, name: string) => markup(`<a href="${escapeExpression(url)}">${escapeExpression(name)}</a>`),
  mailto: (address: string) => markup(`<a href="mailto:${escapeExpression(address)}">${escapeExpression(address)}</a>`),
  quoted: (text: string) => `"${text}"`,
});

type Values = Readonly<Record<string, string | number | object>>;
/** A text of a mail; with placeholders it is a function of their values. */
type MailText = string | ((values: never) => string);

/** The texts that every mail has in addition to those that its template names. */
interface MailTexts {
  subject: MailText;
  /** Shown after the subject in the list of a mailbox. */
  preheader: MailText;
  /** Why the reader gets this mail. */
  footer: string;
}

function partsOf(message: MailText, values: Values): readonly (string | object)[] {
  if (typeof message === 'string') return [message];
  const formatted = (message as (values: Values) => string | readonly (string | object)[])(values);
  return typeof formatted === 'string' ? [formatted] : formatted;
}

/** The message under a code such as `steps.title`. */
function textUnder(texts: object, code: string): MailText {
  let found: unknown = texts;
  for (const part of code.split('.')) found = (found as Record<string, unknown> | undefined)?.[part];
  if (typeof found !== 'string' && typeof found !== 'function') throw new Error(`this mail has no text "${code}"`);
  return found as MailText;
}

const pageTemplate = handlebars.compile(page, { strict: true });

/**
 * Compiles the sources of one kind of e-mail into a pure function. `{{say "code" name=value}}` is a text of this mail,
 * `{{underlined "code"}}` a heading of the plain form. Values are escaped in HTML, not in plain text and subject. A
 * value that template or text names and the input lacks is an error, so no mail is sent with a missing value.
 */
export function compileMail<Input extends object>(source: MailSource, texts: MailTexts): (input: Input) => Mail {
  const text = handlebars.compile(source.text, { noEscape: true, strict: true });
  const html = handlebars.compile(source.html, { strict: true });
  const plainText = (code: string, values: Values) => partsOf(textUnder(texts, code), values).join('');
  const inText = {
    say: (code: string, { hash }: Handlebars.HelperOptions) => plainText(code, hash as Values),
    underlined: (code: string, options: Handlebars.HelperOptions) => {
      const { as: line = '=', ...values } = options.hash as Record<string, string>;
      const heading = plainText(code, values);
      return `${heading}\n${line.repeat(heading.length)}`;
    },
  };
  const inHtml = {
    say: (code: string, { hash }: Handlebars.HelperOptions) =>
      markup(
        partsOf(textUnder(texts, code), hash as Values)
          .map((part) => escapeExpression(part as string))
          .join(''),
      ),
  };
  return (input) => {
    const values = input as Values;
    const subject = partsOf(texts.subject, values).join('').replaceAll(/\s+/g, ' ').trim();
    const preheader = partsOf(texts.preheader, values).join('');
    const body = html(input, { helpers: inHtml });
    return {
      subject,
      html: pageTemplate({ subject, preheader, footer: texts.footer, body }),
      text: `${text(input, { helpers: inText }).trim()}\n\n--\n${texts.footer}\n`,
    };
  };
}
