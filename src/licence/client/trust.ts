import { compactVerify, createLocalJWKSet, decodeJwt, importJWK, type JSONWebKeySet, type JWK } from 'jose';
import { endorsementType, KeyStatement, revocationType } from '../protocol/key-statements.ts';
import { type LicenceKeys, verdictAlgorithm } from '../protocol/verdict.ts';

/** How many revocations a node remembers; a server has few keys in its whole life. */
const mostRevocations = 100;

/**
 * Which keys may have signed what a node receives.
 *
 * With keys from the installation: those, and those that a trusted key has endorsed, from one endorsement to the next.
 * So neither another server nor whoever can write the state file adds a key. Without them: those that the server
 * published last. In both cases none that was revoked.
 */
export async function trustedKeys(installed: LicenceKeys | null, learned: LicenceKeys): Promise<LicenceKeys> {
  const revocations = await valid([...(installed?.revocations ?? []), ...(learned.revocations ?? [])]);
  const revoked = new Set(revocations.map(({ x }) => x));
  const unrevoked = (installed ?? learned).keys.filter(({ x }) => !revoked.has(String(x)));
  // One key per kid, because jose refuses ambiguity.
  const trusted = new Map(unrevoked.map((key) => [key.kid, key]));
  if (installed === null) return { keys: [...trusted.values()] };
  const endorsements = [...(installed.endorsements ?? []), ...(learned.endorsements ?? [])];
  for (let before = -1; before < trusted.size; ) {
    before = trusted.size;
    for (const jws of endorsements) {
      const key = await statedKey(jws, endorsementType, { keys: [...trusted.values()] });
      if (key !== null && !trusted.has(key.kid) && !revoked.has(key.x)) trusted.set(key.kid, key);
    }
  }
  return { keys: [...trusted.values()] };
}

/**
 * What a node remembers of a document that the server published: the keys that it trusts now, why, and every revocation
 * that it has ever seen.
 */
export async function learnedKeys(
  installed: LicenceKeys | null,
  before: LicenceKeys,
  published: LicenceKeys,
): Promise<LicenceKeys> {
  const endorsements = unique([...(before.endorsements ?? []), ...(published.endorsements ?? [])]);
  const seen = await valid(unique([...(before.revocations ?? []), ...(published.revocations ?? [])]));
  const revocations = seen.slice(0, mostRevocations).map(({ jws }) => jws);
  const { keys } = await trustedKeys(installed, { keys: published.keys, endorsements, revocations });
  const trusted = new Set(keys.map(({ x }) => x));
  return {
    keys,
    endorsements: endorsements.filter((jws) => trusted.has(claimedKey(jws)?.x)),
    revocations,
  };
}

/** The revocations that their own keys have signed. */
async function valid(revocations: string[]): Promise<{ jws: string; x: string }[]> {
  const found: { jws: string; x: string }[] = [];
  for (const jws of revocations) {
    const claimed = claimedKey(jws);
    const key = claimed && (await statedKey(jws, revocationType, { keys: [claimed] }));
    if (key !== null) found.push({ jws, x: key.x });
  }
  return found;
}

/** The key of a statement that one of these keys has signed; null if none has. */
async function statedKey(jws: string, typ: string, by: LicenceKeys): Promise<KeyStatement['jwk'] | null> {
  try {
    const options = { algorithms: [verdictAlgorithm] };
    const { protectedHeader } = await compactVerify(jws, createLocalJWKSet(by as JSONWebKeySet), options);
    if (protectedHeader.typ !== typ) return null;
    const key = claimedKey(jws);
    if (key !== null) await importJWK(key as JWK, verdictAlgorithm);
    return key;
  } catch {
    // Whatever is wrong with it, a statement that does not verify says nothing.
    return null;
  }
}

/** The key that a statement names, whoever signed it; null if it is no statement. */
function claimedKey(jws: string): KeyStatement['jwk'] | null {
  try {
    return KeyStatement.parse(decodeJwt(jws)).jwk;
  } catch {
    // Not a JWS, or of another shape: it says nothing about any key.
    return null;
  }
}

function unique(texts: string[]): string[] {
  return [...new Set(texts)];
}
