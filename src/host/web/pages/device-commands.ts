import { type Html, html } from './html.ts';
import type { Page } from './layout.ts';

/** Where devices reach this server: its own name, at the port that the reader has used. */
function addressOf({ host, req }: Page): { name: string; port: string | undefined } {
  const port = /:(\d+)$/.exec(req.headers.host ?? '')?.[1];
  return { name: host.contract.hostnames[0]!, port: port === '443' ? undefined : port };
}

/** What a device's program is told. */
export function serverDefinition(page: Page): Html {
  const { name, port } = addressOf(page);
  return html`<pre class="snippet"><code>#define THINGER_SERVER "${name}"${port && `\n#define THINGER_PORT ${port}`}</code></pre>`;
}

/** The beginning of a command that calls a device's readings. */
function curl(page: Page, id: string, credential: string): string {
  const { name, port } = addressOf(page);
  const { authority } = page.host;
  return [
    `curl https://${name}${port ? `:${port}` : ''}/v1/devices/${id}/readings`,
    ...(authority ? [`  --cacert '${authority}'`] : []),
    `  -H 'Authorization: Bearer ${credential}'`,
  ].join(' \\\n');
}

/** The command that sends a reading. */
export function sending(page: Page, id: string, credential: string): Html {
  return html`<pre class="snippet"><code>${curl(page, id, credential)} \\
  -H 'Content-Type: application/json' \\
  -d '{"values": {"temperature": 21.5}}'</code></pre>`;
}

/** The command that reads the readings back. */
export function readingBack(page: Page, id: string, credential: string): Html {
  return html`<pre class="snippet"><code>${curl(page, id, credential)}</code></pre>`;
}
