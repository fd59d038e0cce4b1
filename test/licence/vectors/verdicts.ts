import { createHmac, type KeyObject, sign } from 'node:crypto';
import { kids, signingKeys } from './keys.ts';
import type { Call, Fault, VerdictVector } from './shape.ts';

type Json = Record<string, unknown>;

export const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
export const decoded = (part: string | undefined) =>
  JSON.parse(Buffer.from(part as string, 'base64url').toString()) as Json;

/** The calls whose verdicts are shown in full. */
const shown = [
  'enrol',
  'enrol-repeated',
  'check',
  'check-repeated',
  'check-clone',
  'check-suspended',
  'check-after-roll',
];

/** Verdicts as the server signed them, and others that a client must not accept. */
export function verdictVectors(calls: Call[]): VerdictVector[] {
  const good = shown.map((id) => goodVector(calls.find((call) => call.id === id) as Call));
  const base = good.find(({ id }) => id === 'check') as VerdictVector;
  const locking = good.find(({ id }) => id === 'check-clone') as VerdictVector;
  return [...good, ...fromState(base), ...forged(base), ...misplaced(base, locking)];
}

function goodVector(call: Call): VerdictVector {
  const { body } = call.request as { body: Json };
  const answer = call.answer.body as { license?: string; verdict?: string; instanceId?: string };
  const from = answer.license === undefined ? 'problem' : 'answer';
  const jws = (answer.license ?? answer.verdict) as string;
  const [header, payload, signature] = jws.split('.');
  return {
    id: call.id,
    about: call.about,
    jws,
    header: decoded(header),
    payload: decoded(payload),
    signature,
    from,
    asked: {
      activationId: answer.instanceId ?? (call.request.path.split('/')[3] as string),
      requestId: (body.requestId ?? body.activationId) as string,
      nonce: body.nonce as string,
    },
    now: Date.parse(call.at),
    outcome: from === 'answer' ? 'accept' : 'lock',
  };
}

export function jwsOf(header: Json, payload: Json, key: KeyObject): string {
  const input = `${encoded(header)}.${encoded(payload)}`;
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
}

function fromState(base: VerdictVector): VerdictVector[] {
  const { jws } = base;
  const later = base.now + 30 * 86_400_000;
  const about = 'From the state of the node, a month later: the signature holds, and the clock decides about the rest.';
  return [{ id: 'from-state', about, jws, from: 'state', asked: null, now: later, outcome: 'accept' }];
}

function forged(base: VerdictVector): VerdictVector[] {
  const { from, asked, now } = base;
  const header = base.header as Json;
  const payload = base.payload as Json & { exp: number; iat: number };
  const [first, , signature] = base.jws.split('.') as [string, string, string];
  const refused = (id: string, about: string, fault: Fault, jws: string, at = now): VerdictVector => ({
    id,
    about,
    jws,
    from,
    asked,
    now: at,
    outcome: 'refuse',
    fault,
  });
  const signed = (change: Json, more: Json = {}) =>
    jwsOf({ ...header, ...more }, { ...payload, ...change }, signingKeys.first);
  const without = (name: string) =>
    jwsOf(header, Object.fromEntries(Object.entries(payload).filter(([member]) => member !== name)), signingKeys.first);
  const { x } = signingKeys.first.export({ format: 'jwk' });
  const unsigned = (alg: string) => `${encoded({ ...header, alg })}.${encoded(payload)}`;
  const mac = createHmac('sha256', Buffer.from(x as string, 'base64url'))
    .update(unsigned('HS256'))
    .digest('base64url');
  const atEnd = payload.exp * 1000;
  return [
    {
      id: 'next-key',
      about: 'Signed by the next key, which is published already.',
      jws: jwsOf({ ...header, kid: kids.second }, payload, signingKeys.second),
      from,
      asked,
      now,
      outcome: 'accept',
    },
    {
      id: 'clock-ahead',
      about: 'Less than 300 s past its end by the clock of the node: the clock may be ahead.',
      jws: base.jws,
      from,
      asked,
      now: atEnd + 299_000,
      outcome: 'accept',
    },
    refused('expired', '300 s past its end.', 'EXPIRED', base.jws, atEnd + 300_000),
    refused(
      'stranger',
      "A stranger's key under the server's kid.",
      'SIGNATURE',
      jwsOf(header, payload, signingKeys.stranger),
    ),
    refused(
      'unknown-kid',
      'A kid that nobody published.',
      'KEY',
      jwsOf({ ...header, kid: 'test-key-9' }, payload, signingKeys.stranger),
    ),
    refused(
      'altered',
      'The end was moved, the signature kept.',
      'SIGNATURE',
      `${first}.${encoded({ ...payload, exp: payload.exp + 86_400 })}.${signature}`,
    ),
    refused(
      'cut-signature',
      'A signature of 63 bytes.',
      'SIGNATURE',
      `${base.jws.split('.').slice(0, 2).join('.')}.${Buffer.from(signature, 'base64url').subarray(0, 63).toString('base64url')}`,
    ),
    refused('alg-none', 'No signature, and the header says so.', 'ALGORITHM', `${unsigned('none')}.`),
    refused('alg-hs256', 'HMAC with the public key as its secret.', 'ALGORITHM', `${unsigned('HS256')}.${mac}`),
    refused('other-type', 'A JWT that is no verdict.', 'TYPE', signed({}, { typ: 'JWT' })),
    refused('other-issuer', 'Another issuer.', 'ISSUER', signed({ iss: 'urn:somebody:else' })),
    refused('other-product', 'Another product.', 'AUDIENCE', signed({ aud: 'other-product' })),
    refused('other-instance', 'A verdict about another node.', 'REPLAYED', signed({ sub: 'act_0000000000000000' })),
    refused('other-request', 'An answer to an earlier check.', 'REPLAYED', signed({ jti: 'n1-check-0' })),
    refused(
      'other-nonce',
      'An answer to an earlier attempt of the same check.',
      'REPLAYED',
      signed({ nonce: 'nonce-0000' }),
    ),
    refused('no-nonce', 'No nonce although one was sent.', 'REPLAYED', without('nonce')),
    refused('no-end', 'Without an end.', 'CLAIMS', without('exp')),
    refused('no-limits', 'Without a member that every verdict has.', 'CLAIMS', without('limits')),
    refused('ends-before-it-begins', 'It ends when it begins.', 'EXPIRED', signed({ exp: payload.iat })),
    refused('not-a-jws', 'No JWS at all.', 'SHAPE', 'not.a.jws'),
  ];
}

/** Correctly signed, but in the wrong place. */
function misplaced(base: VerdictVector, locking: VerdictVector): VerdictVector[] {
  return [
    {
      ...bare(locking),
      id: 'refusal-as-answer',
      about: 'A signed refusal in the place of an answer.',
      from: 'answer',
      outcome: 'refuse',
      fault: 'REFUSAL',
    },
    {
      ...bare(base),
      id: 'answer-as-refusal',
      about: 'A good verdict in the place of a refusal.',
      from: 'problem',
      outcome: 'refuse',
      fault: 'NO_REFUSAL',
    },
  ];
}

function bare({ jws, asked, now }: VerdictVector): Pick<VerdictVector, 'jws' | 'asked' | 'now'> {
  return { jws, asked, now };
}
