import type { Json } from '../schemas.ts';
import type { Call, Parameter } from './document.ts';
import { exampleOf } from './fields.ts';

/** What the example calls of one server have in common. */
export interface CurlFacts {
  /** The server's address, or a shell variable of it. */
  base: string;
  /** The arguments that carry a credential, by security scheme; `method` in lower case. */
  credentials: Record<string, (method: string) => string[]>;
  schemas: Record<string, Json>;
}

/** A call as a command for a POSIX shell, with what it requires and the document's examples. */
export function curlExample(call: Call, { base, credentials, schemas }: CurlFacts): string {
  const { method, path, parameters, requestBody, security } = call;
  const shownValue = ({ name, schema }: Parameter) => String(exampleOf(schema, { name, schemas }));
  const needed = parameters.filter(({ required }) => required);
  const query = needed.filter((each) => each.in === 'query');
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((each) => each.in === 'path' && each.name === name);
    return encodeURIComponent(parameter ? shownValue(parameter) : name);
  });
  const search = query.map((each) => `${each.name}=${encodeURIComponent(shownValue(each))}`).join('&');
  const [scheme] = Object.keys(security[0] ?? {});
  const body = requestBody?.content['application/json'];
  const hasDefaultMethod = method === (body ? 'post' : 'get');
  const lines = [
    `curl${hasDefaultMethod ? '' : ` -X ${method.toUpperCase()}`} "${base}${address}${search && `?${search}`}"`,
    ...(scheme ? (credentials[scheme]?.(method) ?? []) : []),
    ...needed.filter((each) => each.in === 'header').map((each) => `-H ${quoted(`${each.name}: ${shownValue(each)}`)}`),
    ...(body ? [`-H 'Content-Type: application/json'`, `-d ${quoted(bodyText(body, schemas))}`] : []),
  ];
  return lines.join(' \\\n  ');
}

function bodyText({ schema, example }: { schema: Json; example?: unknown }, schemas: Record<string, Json>): string {
  return JSON.stringify(example ?? exampleOf(schema, { name: 'body', schemas }), null, 2).replaceAll('\n', '\n  ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
