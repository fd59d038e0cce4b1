import { readFile } from 'node:fs/promises';
import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import { OfflineFileClaims, offlineFileType } from '../protocol/offline-file.ts';
import type { SeatMode, WireNode } from '../protocol/requests.ts';
import { type LicenceKeys, type VerdictClaims, verdictAlgorithm } from '../protocol/verdict.ts';

/** What a file must be valid for. */
export interface OfflineExpected {
  issuer: string;
  product: string;
  version: string;
  mode: SeatMode;
  node: Pick<WireNode, 'clusterId' | 'fingerprint'>;
  keys: LicenceKeys;
}

/** `why` is a sentence for the operator. */
export type OfflineFile = { ok: true; claims: VerdictClaims } | { ok: false; why: string };

/** Longer than any licence file, in characters. */
const longestFile = 65_536;

/** How often the file is read again, so that a new one is used without a restart; its claims do not say. */
const chk = { intervalSec: 3600, jitterPct: 10 };

/**
 * The licence file of a node that never reaches the server; null if there is none. The clock rules (grace.ts) decide
 * whether it has begun or expired: its claims are returned as those of a verdict whose grace period is the life of the
 * file.
 */
export async function readOfflineFile(path: string, expected: OfflineExpected): Promise<OfflineFile | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? null : { ok: false, why: `The licence file ${path} cannot be read (${code}).` };
  }
  if (text.length > longestFile) return { ok: false, why: `${path} is not a licence file.` };
  return verifyOfflineFile(text.trim(), expected);
}

async function verifyOfflineFile(jws: string, expected: OfflineExpected): Promise<OfflineFile> {
  const options = { algorithms: [verdictAlgorithm] };
  if (expected.keys.keys.length === 0) {
    return { ok: false, why: 'This product was installed without keys that could verify a licence file.' };
  }
  let signed: { payload: Uint8Array; protectedHeader: { typ?: string } };
  try {
    signed = await compactVerify(jws, createLocalJWKSet(expected.keys as JSONWebKeySet), options);
  } catch (error) {
    return { ok: false, why: faultOf(error) };
  }
  if (signed.protectedHeader.typ !== offlineFileType) return { ok: false, why: 'This is not a licence file.' };
  const parsed = OfflineFileClaims.safeParse(jsonOf(Buffer.from(signed.payload).toString('utf8')));
  if (!parsed.success) return { ok: false, why: 'This version does not support this kind of licence file.' };
  const why = misfit(parsed.data, expected);
  return why === null ? { ok: true, claims: verdictOf(parsed.data) } : { ok: false, why };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A valid signature without valid claims: the schema refuses it.
    return undefined;
  }
}

function faultOf(error: unknown): string {
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'The licence file was modified after it was signed.';
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return 'The licence file is signed by a key unknown to this product.';
  }
  return 'This is not a valid licence file.';
}

/** Why a correctly signed file is not for this node; null if it is. */
function misfit(claims: OfflineFileClaims, expected: OfflineExpected): string | null {
  const { node } = expected;
  if (claims.iss !== expected.issuer) return 'The licence file comes from another licence server.';
  if (claims.aud !== expected.product) return `The licence file is for the product ${claims.aud}.`;
  if (claims.cluster !== undefined && claims.cluster !== node.clusterId) {
    return `The licence file is bound to the cluster ${claims.cluster}; this node belongs to ${node.clusterId ?? 'none'}.`;
  }
  if (claims.fingerprint !== undefined && claims.fingerprint !== node.fingerprint) {
    return 'The licence file is bound to another machine.';
  }
  if (claims.mode === 'development' && expected.mode !== 'development') {
    return 'The licence file is for development nodes only.';
  }
  if (claims.versions !== null && !claims.versions.includes(expected.version)) {
    return `The licence file does not cover version ${expected.version} of the product.`;
  }
  return claims.exp > claims.iat ? null : 'The licence file is never valid: it ends before it begins.';
}

function verdictOf({
  iss,
  aud,
  sub,
  jti,
  iat,
  exp,
  lic,
  limits,
  features,
  enforcement,
}: OfflineFileClaims): VerdictClaims {
  const own = { seq: 0, chk: { ...chk, graceSec: exp - iat, enforcement }, notices: [] };
  return { iss, aud, sub, jti, iat, exp, lic, limits, features, ...own };
}
