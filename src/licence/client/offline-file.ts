import { readFile } from 'node:fs/promises';
import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import { OfflineFileClaims, offlineFileType } from '../protocol/offline-file.ts';
import type { SeatMode, WireNode } from '../protocol/requests.ts';
import { type LicenceKeys, type VerdictClaims, verdictAlgorithm } from '../protocol/verdict.ts';

/** What a file must be good for. */
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

/** Longer than any licence file; characters. */
const longestFile = 65_536;

/** How often a file is looked at again, so that a new one counts without a restart; its claims say nothing of it. */
const chk = { intervalSec: 3600, jitterPct: 10 };

/**
 * The licence file of a node that never reaches the server; null where none lies. Whether it has begun or ended is for
 * the clock rules (grace.ts): its claims come as those of a verdict whose grace period is the life of the file.
 */
export async function readOfflineFile(path: string, expected: OfflineExpected): Promise<OfflineFile | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? null : { ok: false, why: `The licence file ${path} cannot be read (${code}).` };
  }
  if (text.length > longestFile) return { ok: false, why: `${path} is no licence file.` };
  return verifyOfflineFile(text.trim(), expected);
}

async function verifyOfflineFile(jws: string, expected: OfflineExpected): Promise<OfflineFile> {
  const options = { algorithms: [verdictAlgorithm] };
  let signed: { payload: Uint8Array; protectedHeader: { typ?: string } };
  try {
    signed = await compactVerify(jws, createLocalJWKSet(expected.keys as JSONWebKeySet), options);
  } catch (error) {
    return { ok: false, why: faultOf(error) };
  }
  if (signed.protectedHeader.typ !== offlineFileType) return { ok: false, why: 'This is not a licence file.' };
  const parsed = OfflineFileClaims.safeParse(jsonOf(Buffer.from(signed.payload).toString('utf8')));
  if (!parsed.success) return { ok: false, why: 'The licence file is of a kind that this version does not know.' };
  const why = misfit(parsed.data, expected);
  return why === null ? { ok: true, claims: verdictOf(parsed.data) } : { ok: false, why };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Signed, but no claims: the schema refuses it.
    return undefined;
  }
}

function faultOf(error: unknown): string {
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'The licence file was changed after it was signed.';
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return 'The licence file is signed by a key that this product does not know.';
  }
  return 'This is not a licence file, or a damaged one.';
}

/** Why a file whose signature holds is for somebody or something else; null when it fits. */
function misfit(claims: OfflineFileClaims, expected: OfflineExpected): string | null {
  const { node } = expected;
  if (claims.iss !== expected.issuer) return 'The licence file comes from another licence server.';
  if (claims.aud !== expected.product) return `The licence file is for the product ${claims.aud}.`;
  if (claims.cluster !== undefined && claims.cluster !== node.clusterId) {
    return `The licence file is bound to the cluster ${claims.cluster}; this node is of ${node.clusterId ?? 'none'}.`;
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
  return claims.exp > claims.iat ? null : 'The licence file has no time in which it counts.';
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
