import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { CompactSign, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import type { LicenceFetch } from '../../../src/licence/client/types.ts';
import { product } from './licence-server.ts';

/** A signing key as the licence server has one. */
export function signingKey(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'EdDSA' } as { kty: string; x: string };
  return { kid, privateKey, jwk };
}
export type SigningKey = ReturnType<typeof signingKey>;

export interface Asked {
  jti: string;
  nonce: string;
  sub: string;
}

/** A statement about a key, signed by another one or, as a revocation, by itself. */
export async function keyStatement(about: SigningKey, by: SigningKey, typ: string): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify({ iat: Math.floor(Date.now() / 1000), jwk: about.jwk })))
    .setProtectedHeader({ alg: 'EdDSA', kid: by.kid, typ })
    .sign(by.privateKey);
}

export interface FakeServer {
  key: SigningKey;
  published: Record<string, unknown>[];
  /** Published beside the keys. */
  statements: { endorsements?: string[]; revocations?: string[] };
  requests: { path: string; body: Record<string, string> }[];
  /** The verdict of the next answers. */
  sign(asked: Asked): Promise<string>;
  /** If set, answers instead of the licence server. */
  instead: null | ((path: string) => Response | Promise<Response>);
  /** A correct verdict with the given changes. */
  signed(asked: Asked, claims?: JWTPayload, header?: Partial<JWTHeaderParameters>, by?: SigningKey): Promise<string>;
  fetch: LicenceFetch;
}

/** A licence server that answers whatever a test wants; signs correctly unless told otherwise. */
export function createFakeServer(): FakeServer {
  const key = signingKey('kid-1');
  const sub = 'act_0123456789abcdef';
  const server: FakeServer = {
    key,
    published: [key.jwk],
    statements: {},
    requests: [],
    sign: (asked) => server.signed(asked),
    instead: null,
    async signed(asked, claims = {}, header = {}, by = server.key) {
      const iat = Math.floor(Date.now() / 1000);
      const lic = { id: 'lic_1', kind: 'subscription', status: 'ACTIVE', plan: 'MAKER', planRev: 1 };
      return new SignJWT({
        iss: 'urn:freehold:licence',
        aud: product,
        ...asked,
        iat,
        exp: iat + 86_400,
        seq: 1,
        lic: { ...lic, periodEnd: null, updatesUntil: null },
        limits: {},
        features: {},
        chk: { intervalSec: 3600, graceSec: 86_400, jitterPct: 10, enforcement: 'readonly' },
        notices: [],
        ...claims,
      })
        .setProtectedHeader({ alg: 'EdDSA', kid: by.kid, typ: 'lic+jws', ...header })
        .sign(by.privateKey);
    },
    async fetch(url, init) {
      const path = new URL(url).pathname;
      if (path.endsWith('license-keys.json')) return Response.json({ keys: server.published, ...server.statements });
      const body = JSON.parse(String(init.body)) as Record<string, string>;
      server.requests.push({ path, body });
      if (server.instead !== null) return server.instead(path);
      if (path.endsWith('/release')) return new Response(null, { status: 204 });
      const asked = { jti: body.requestId ?? String(body.activationId), nonce: String(body.nonce), sub };
      const license = await server.sign(asked);
      const answer = { instanceId: sub, secret: randomUUID(), license, planChanged: false, notices: [] };
      return Response.json(answer, { status: path.endsWith('/check') ? 200 : 201 });
    },
  };
  return server;
}
