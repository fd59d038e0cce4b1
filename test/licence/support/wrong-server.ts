import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { decodeJwt, SignJWT } from 'jose';
import { signingKey } from './fake-server.ts';
import { serve } from './network.ts';

// biome-ignore lint/suspicious/noExplicitAny: bodies of every call, bent as a fault wants them
type Body = any;

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Body;
}

/** One thing that a licence server does wrong: changes the real one's answer. */
export type Fault = (
  answer: Answer,
  asked: { path: string; body: Body },
  tools: { resign(jws: string, claims: Record<string, unknown>): Promise<string> },
) => Answer | Promise<Answer>;

const isCheck = (path: string) => path.endsWith('/check');
const problem = (status: number, code: string, num: number): Answer => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: { code, num, title: 't', detail: 'd', retryable: false, remedy: 'r', requestId: randomUUID() },
});

/** Never suspects a copy: one that is refused gets the last good answer again. */
function trusting(): Fault {
  let last: Answer | null = null;
  return (answer, { path }) => {
    if (!isCheck(path)) return answer;
    if (answer.status === 200) last = answer;
    return answer.status === 409 && last !== null ? last : answer;
  };
}

function changed(path: (path: string) => boolean, status: number, change: (body: Body, asked: Body) => Body): Fault {
  return (answer, asked) =>
    path(asked.path) && answer.status === status
      ? { ...answer, body: { ...answer.body, ...change(answer.body, asked.body) } }
      : answer;
}

const withoutReplayMark: Fault = (answer) => {
  const { 'idempotent-replay': _, ...headers } = answer.headers;
  return { ...answer, headers };
};

/** Changes every good verdict in the same way, signed by a key that the server publishes. */
function verdicts(claims: (claims: Record<string, Body>) => Record<string, unknown>): Fault {
  return async (answer, _, { resign }) => {
    const { license } = answer.body ?? {};
    if (typeof license !== 'string') return answer;
    return { ...answer, body: { ...answer.body, license: await resign(license, claims(decodeJwt(license))) } };
  };
}

const onChecks =
  (instead: (answer: Answer, asked: Body) => Answer): Fault =>
  (answer, { path, body }) =>
    isCheck(path) ? instead(answer, body) : answer;

/** Per scenario a server that fails it. */
export const faults: Record<string, () => Fault> = {
  L1: () => verdicts(() => ({ jti: 'another-request' })),
  L2: () =>
    changed(
      (path) => path === '/v1/activations',
      200,
      () => ({ secret: 'a-secret-of-its-own-for-each-answer' }),
    ),
  L7: () => (answer) => (answer.status === 401 ? { ...answer, status: 404 } : answer),
  L9: () =>
    changed(
      (path) => path === '/v1/licenses/validate',
      200,
      (_, { licenseKey }) => (/ /.test(licenseKey) ? { valid: false, code: 'INVALID_LICENSE_SECRET' } : {}),
    ),
  L10: () =>
    changed(
      (path) => path === '/v1/activations',
      401,
      (_, { product }) => (product === 'another-product' ? { title: 'This key belongs to another product.' } : {}),
    ),
  L14: () => changed(isCheck, 403, () => ({ verdict: undefined })),
  L16: () => {
    const released = new Set<string>();
    return (answer, { path }) => {
      if (!path.endsWith('/release')) return answer;
      if (released.has(path)) return problem(404, 'INSTANCE_NOT_FOUND', 105);
      released.add(path);
      return answer;
    };
  },
  L23: () => changed(isCheck, 200, (_, { secret }) => ({ secret })),
  L24: () => withoutReplayMark,
  L25: () =>
    onChecks((answer) => (answer.headers['idempotent-replay'] ? problem(409, 'CLONE_SUSPECTED', 110) : answer)),
  L26: trusting,
  L27: trusting,
  L28: () => {
    const seen = new Map<string, string>();
    return onChecks((answer, { secret, requestId }) => {
      const before = seen.get(secret) ?? requestId;
      seen.set(secret, before);
      return before === requestId ? answer : problem(409, 'CLONE_SUSPECTED', 110);
    });
  },
  L29: trusting,
  L30: trusting,
  L31: trusting,
  L32:
    () =>
    (answer, { path }) =>
      path.endsWith('/recover') && answer.status === 409
        ? { ...answer, status: 200, body: { secret: 'for-anybody' } }
        : answer,
  L33: () => changed(isCheck, 401, () => ({ verdict: 'a.signed.lock' })),
  L34: () => withoutReplayMark,
  L37: () =>
    onChecks((answer) =>
      answer.status === 404 ? { ...answer, status: 500, body: { error: 'at findInstance (check.ts:12)' } } : answer,
    ),
  L38: () =>
    onChecks((answer, { usage }) =>
      Object.values(usage ?? {}).some((count) => Number(count) > 1000)
        ? problem(403, 'SUBSCRIPTION_NOT_ACTIVE', 103)
        : answer,
    ),
  L39: () => verdicts(({ iat, chk }) => ({ exp: iat + 10 * chk.graceSec })),
  L40: () => verdicts(() => ({ aud: 'another-product' })),
  L41: () => verdicts(({ iat, chk }) => ({ exp: iat + 2 * chk.graceSec })),
  L42: () =>
    onChecks((answer, { clientTime }) =>
      Math.abs(Date.parse(clientTime) - Date.now()) > 86_400_000
        ? problem(400, 'INVALID_LICENSE_CHECK_REQUEST', 106)
        : answer,
    ),
  L46: () => {
    let first: string | null = null;
    return changed(isCheck, 200, ({ license }) => {
      first ??= license;
      return { license: first };
    });
  },
  L47: () =>
    changed(
      (path) => path.endsWith('license-keys.json'),
      200,
      ({ keys }) => ({
        keys: keys.map((key: object) => ({ ...key, d: 'the-private-half' })),
      }),
    ),
  L48: () => onChecks(() => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html></html>' })),
  L50: () => onChecks(() => ({ status: 503, headers: {}, body: '' })),
  L73:
    () =>
    (answer, { body }) =>
      answer.status >= 400 ? { ...answer, body: { ...answer.body, detail: JSON.stringify(body) } } : answer,
  L75: () => (answer) =>
    answer.status === 404
      ? { ...answer, headers: { 'content-type': 'text/html' }, body: '<h1>Not found</h1>' }
      : answer,
  L76: () => (answer) => (answer.status === 400 ? { ...answer, status: 500 } : answer),
};

/** The real server behind a listener that does one thing wrong. */
export async function startWrongServer(realUrl: () => string, fault: Fault) {
  const own = signingKey('wrong-server');
  const resign = (jws: string, claims: Record<string, unknown>) =>
    new SignJWT({ ...decodeJwt(jws), ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid: own.kid, typ: 'lic+jws' })
      .sign(own.privateKey);

  async function realAnswer(request: IncomingMessage, text: string): Promise<Answer> {
    const response = await fetch(realUrl() + request.url, {
      method: request.method ?? 'GET',
      headers: { 'content-type': 'application/json' },
      ...(text === '' ? {} : { body: text }),
    });
    const said = await response.text();
    const body = said === '' ? undefined : JSON.parse(said);
    if (request.url?.endsWith('license-keys.json')) body.keys.push(own.jwk);
    const kept = ['content-type', 'idempotent-replay', 'retry-after'];
    const headers = Object.fromEntries([...response.headers].filter(([name]) => kept.includes(name)));
    return { status: response.status, headers, body };
  }

  return serve(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const asked = { path: String(request.url), body: parsed(text) };
    const { status, headers, body } = await fault(await realAnswer(request, text), asked, { resign });
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

function parsed(text: string): Body {
  try {
    return JSON.parse(text);
  } catch {
    // Bad on purpose: the real server reports it.
    return {};
  }
}
