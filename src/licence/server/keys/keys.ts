import { createHash, createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type CryptoKey, importJWK, type JWK } from 'jose';
import { now, nowDate } from '../../../runtime/clock.ts';
import type { LicenceKeys } from '../../protocol/verdict.ts';
import { publishedUntil } from './key-roll-rules.ts';
import type { KeyStatements } from './key-statements.ts';
import { type KeysFile, parseKeys, readOrCreateKeys, replaceKeys, type SigningKey } from './keys-file.ts';
import { type SealedText, sealText, unsealText } from './sealing.ts';

/** The keys of the server. They may change while it runs: a roll reaches every process within moments. */
export interface ServerKeys {
  readonly signing: { kid: string; key: CryptoKey | Uint8Array };
  /** Public keys: current, next, and retired ones as long as anything they signed may be valid; with the statements. */
  readonly publicKeys: LicenceKeys;
  readonly rotationKeyId: string;
  /** Next secret of an activation: derived, so that a repeated request is answered without storing it. */
  rotatedSecret(from: { keyId: string; activationId: string; seq: number; requestId: string }): string;
  enrolmentToken(licenceId: string, nodeName: string, generation: number): string;
  /** The random part of a licence key, 16 bytes; the same for the same licence and generation. */
  licenceKeyBytes(licenceId: string, generation: number): Buffer;
  /** What is stored of a licence key or an enrolment token. */
  peppered(text: string): string;
  /** Encrypts a text for one purpose; decrypting it for another fails. */
  seal(text: string, purpose: string): SealedText;
  /** Throws if the text was not encrypted for this purpose, or its key is missing from the keys file. */
  unseal(sealed: SealedText, purpose: string): string;
  /** Every signing key of the file. */
  readonly signingKeys: readonly SigningKey[];
  readonly statements: KeyStatements;
  /** Whether the keys are in a file; only those can be rolled. */
  readonly inFile: boolean;
  /** Picks up changes of another process; an unusable file changes nothing and throws an Error. */
  refresh(): Promise<void>;
  /** Replaces the signing keys and the statements about them, in the file and here. */
  replaceSigning(signing: SigningKey[], statements: KeyStatements): Promise<void>;
}

/** The stored form of an activation's secret: it has 256 bits, so a fast hash is enough. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Reads the keys from JSON text or from the file, which is created (mode 0600) if missing. */
export async function loadKeys(from: { json?: string | undefined; file?: string | undefined }): Promise<ServerKeys> {
  const path = from.json === undefined ? from.file : undefined;
  let text = from.json ?? (await readOrCreateKeys(from.file as string, nowDate()));
  let live = await inForce(parseKeys(text));

  return {
    get signing() {
      return live.signing;
    },
    get publicKeys() {
      return publicKeysOf(live.file, now());
    },
    get rotationKeyId() {
      return live.file.rotation.current;
    },
    rotatedSecret({ keyId, activationId, seq, requestId }) {
      const key = live.file.rotation.keys[keyId];
      if (key === undefined) throw new Error(`The rotation key ${keyId} is missing from the keys file.`);
      return mac(key, `${activationId}|${seq}|${requestId}`).toString('base64url');
    },
    enrolmentToken: (licenceId, nodeName, generation) =>
      mac(live.file.enrolment, `${licenceId}|${nodeName}|${generation}`).toString('base64url'),
    licenceKeyBytes: (licenceId, generation) => mac(live.file.licenceKey, `${licenceId}|${generation}`).subarray(0, 16),
    peppered: (plain) => mac(live.file.pepper, plain).toString('base64url'),
    seal: (plain, purpose) => sealText(live.file, plain, purpose),
    unseal: (sealed, purpose) => unsealText(live.file, sealed, purpose),
    get signingKeys() {
      return live.file.signing;
    },
    get statements() {
      const { endorsements, revocations } = live.file;
      return { endorsements, revocations };
    },
    inFile: path !== undefined,
    async refresh() {
      if (path === undefined) return;
      const read = await readFile(path, 'utf8');
      if (read === text) return;
      live = await inForce(parseKeys(read));
      text = read;
    },
    async replaceSigning(signing, statements) {
      if (path === undefined) throw new Error('Keys that are not in a file cannot be replaced.');
      const file = { ...live.file, signing, ...statements };
      const next = await inForce(file);
      await replaceKeys(path, file);
      live = next;
    },
  };
}

function mac(key: string, text: string): Buffer {
  return createHmac('sha256', Buffer.from(key, 'base64url')).update(text).digest();
}

async function inForce(file: KeysFile) {
  const current = file.signing.find(({ state }) => state === 'current') as SigningKey;
  return {
    file,
    signing: { kid: current.kid, key: await importJWK(current.jwk as JWK, 'EdDSA') },
  };
}

function publicKeysOf(file: KeysFile, at: number): LicenceKeys {
  const published = file.signing.filter((key) => (publishedUntil(key)?.getTime() ?? Number.POSITIVE_INFINITY) > at);
  return {
    keys: published.map(({ kid, jwk: { kty, crv, x } }) => ({ kty, crv, x, kid, use: 'sig', alg: 'EdDSA' })),
    endorsements: file.endorsements,
    revocations: file.revocations,
  };
}
