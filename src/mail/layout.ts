import Handlebars from 'handlebars';

/** A rendered e-mail: what the sender needs beside address and Message-ID. */
export interface Mail {
  subject: string;
  html: string;
  text: string;
}

/** Sources of one kind of e-mail; `html` is the inner part, the layout puts the page around it. */
export interface MailSource {
  subject: string;
  html: string;
  text: string;
}

/*
 * Mail clients know tables and inline styles; a style block is a bonus that some drop. So every colour stands inline
 * for light mode, and the classes only serve clients that understand dark mode.
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
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f3f5f7">
<tr><td align="center" style="padding:32px 12px">
  <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:580px">
    <tr><td class="quiet" style="padding:0 4px 14px;font:600 15px/1.4 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#52606d;letter-spacing:.02em">Freehold</td></tr>
    <tr><td class="card ink" style="background:#ffffff;border:1px solid #dde3e8;border-radius:10px;padding:36px 40px;font:16px/1.55 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#1b2733">
{{{body}}}
    </td></tr>
    <tr><td class="quiet" style="padding:16px 4px 0;font:13px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#6b7884">{{footer}}</td></tr>
  </table>
</td></tr>
</table>
</body>
</html>
`;

const partials = {
  title: `<h1 class="ink" style="margin:0 0 12px;font-size:24px;line-height:1.25;font-weight:650;color:#1b2733">{{text}}</h1>`,
  heading: `<h2 class="ink" style="margin:32px 0 8px;font-size:17px;line-height:1.35;font-weight:650;color:#1b2733">{{text}}</h2>`,
  button: `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:20px 0"><tr><td style="border-radius:7px"><a class="button" href="{{url}}" style="display:inline-block;padding:12px 22px;border-radius:7px;background:#1f5f8b;color:#ffffff;font-weight:600;text-decoration:none">{{text}}</a></td></tr></table>`,
  facts: `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:20px 0;font-size:15px">{{#each rows}}<tr><td class="quiet rule" style="padding:8px 16px 8px 0;border-top:1px solid #e6ebef;color:#6b7884;white-space:nowrap;vertical-align:top">{{label}}</td><td class="ink rule" style="padding:8px 0;border-top:1px solid #e6ebef;color:#1b2733;word-break:break-word">{{value}}</td></tr>{{/each}}</table>`,
  code: `<pre class="code" style="margin:12px 0;padding:14px 16px;background:#f3f5f7;border:1px solid #dde3e8;border-radius:7px;color:#1b2733;font:14px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;word-break:break-word">{{text}}</pre>`,
};

const handlebars = Handlebars.create();
handlebars.registerPartial(partials);

const pageTemplate = handlebars.compile(page, { strict: true });

/**
 * Compiles the sources of one kind of e-mail into a pure function. HTML escapes every value, text and subject none;
 * a value that the template names and the input lacks is an error, so no mail goes out with a hole in it.
 */
export function compileMail<Input extends object>(
  source: MailSource,
  frame: { preheader: string; footer: string },
): (input: Input) => Mail {
  const plain = { noEscape: true, strict: true };
  const subject = handlebars.compile(source.subject, plain);
  const text = handlebars.compile(source.text, plain);
  const html = handlebars.compile(source.html, { strict: true });
  const preheader = handlebars.compile(frame.preheader, plain);
  return (input) => {
    const line = subject(input).replaceAll(/\s+/g, ' ').trim();
    return {
      subject: line,
      html: pageTemplate({ subject: line, preheader: preheader(input), footer: frame.footer, body: html(input) }),
      text: `${text(input).trim()}\n\n--\n${frame.footer}\n`,
    };
  };
}
