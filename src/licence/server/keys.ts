import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CryptoKey, importJWK, type JWK } from 'jose';
import { z } from 'zod';

const Base64Key = z.string().regex(/^[\w-]{43,}$/);

/** The keys file: what signs verdicts, derives secrets and tokens, and hashes licence keys. */
const KeysFile = z.strictObject({
  version: z.literal(1),
  signing: z
    .array(
      z.strictObject({
        kid: z.string(),
        state: z.enum(['current', 'next', 'retired']),
        jwk: z.looseObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() }),
      }),
    )
    .refine((keys) => keys.filter(({ state }) => state === 'current').length === 1, 'exactly one current signing key'),
  /** K_rot by version; `current` derives new secrets, the others let older ones be recomputed. */
  rotation: z
    .strictObject({ current: z.string(), keys: z.record(z.string(), Base64Key) })
    .refine(({ current, keys }) => current in keys, 'the current rotation key is missing'),
  /** Seals licence keys that may be shown again, by version; `current` seals, the others open what they sealed. */
  sealing: z
    .strictObject({ current: z.string(), keys: z.record(z.string(), Base64Key) })
    .refine(({ current, keys }) => current in keys, 'the current sealing key is missing')
    .optional(),
  enrolment: Base64Key,
  licenceKey: Base64Key,
  pepper: Base64Key,
});
type KeysFile = z.infer<typeof KeysFile>;

/** A text sealed by AES-256-GCM; `key` names the version of the sealing key, the rest is base64url. */
export interface SealedText {
  key: string;
  iv: string;
  text: string;
  tag: string;
}

export interface ServerKeys {
  signing: { kid: string; key: CryptoKey | Uint8Array };
  /** Public keys of every signing key: current, next and retired. */
  publicKeys: { keys: JWK[] };
  rotationKeyId: string;
  /** Next secret of an activation: derived, so that a repeated request is answered without storing it. */
  rotatedSecret(from: { keyId: string; activationId: string; seq: number; requestId: string }): string;
  enrolmentToken(licenceId: string, nodeName: string, generation: number): string;
  /** The random part of a licence key, 16 bytes; the same for the same licence and generation. */
  licenceKeyBytes(licenceId: string, generation: number): Buffer;
  /** What is stored of a licence key or an enrolment token. */
  peppered(text: string): string;
  /** Seals a text for one purpose: opened for another, it is refused. */
  seal(text: string, purpose: string): SealedText;
  /** Throws when the text was not sealed for this purpose, or its key is missing from the keys file. */
  unseal(sealed: SealedText, purpose: string): string;
}

/** What is stored of a secret of an activation: it has 256 bits, so a fast hash is enough. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Reads the keys from JSON text or from the file, which is made (mode 0600) when it is missing. */
export async function loadKeys(from: { json?: string | undefined; file?: string | undefined }): Promise<ServerKeys> {
  const text = from.json ?? (await readOrCreate(from.file as string));
  const parsed = KeysFile.safeParse(parseJson(text));
  if (!parsed.success) throw new Error(`The licence keys are not usable: ${z.prettifyError(parsed.error)}`);
  return serverKeys(parsed.data);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('The licence keys are not JSON.', { cause: error });
  }
}

async function serverKeys(file: KeysFile): Promise<ServerKeys> {
  const current = file.signing.find(({ state }) => state === 'current') as KeysFile['signing'][number];
  const mac = (key: string, text: string) => createHmac('sha256', Buffer.from(key, 'base64url')).update(text);
  return {
    signing: { kid: current.kid, key: await importJWK(current.jwk as JWK, 'EdDSA') },
    publicKeys: {
      keys: file.signing.map(({ kid, jwk }) => ({
        kty: jwk.kty,
        crv: jwk.crv,
        x: jwk.x,
        kid,
        use: 'sig',
        alg: 'EdDSA',
      })),
    },
    rotationKeyId: file.rotation.current,
    rotatedSecret({ keyId, activationId, seq, requestId }) {
      const key = file.rotation.keys[keyId];
      if (key === undefined) throw new Error(`The rotation key ${keyId} is missing from the keys file.`);
      return mac(key, `${activationId}|${seq}|${requestId}`).digest('base64url');
    },
    enrolmentToken: (licenceId, nodeName, generation) =>
      mac(file.enrolment, `${licenceId}|${nodeName}|${generation}`).digest('base64url'),
    licenceKeyBytes: (licenceId, generation) =>
      mac(file.licenceKey, `${licenceId}|${generation}`).digest().subarray(0, 16),
    peppered: (text) => mac(file.pepper, text).digest('base64url'),
    ...sealer(file),
  };
}

/** Version of the sealing key of keys files that name none: derived from the key that licence keys come from. */
const derivedSealing = 's0';

function sealer({ sealing, licenceKey }: KeysFile): Pick<ServerKeys, 'seal' | 'unseal'> {
  const keyOf = (version: string): Buffer => {
    const held = sealing?.keys[version];
    if (held !== undefined) return createHash('sha256').update(Buffer.from(held, 'base64url')).digest();
    if (version !== derivedSealing) throw new Error(`The sealing key ${version} is missing from the keys file.`);
    return createHmac('sha256', Buffer.from(licenceKey, 'base64url')).update('sealing').digest();
  };
  return {
    seal(text, purpose) {
      const key = sealing?.current ?? derivedSealing;
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', keyOf(key), iv).setAAD(Buffer.from(purpose));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      const base64 = (bytes: Buffer) => bytes.toString('base64url');
      return { key, iv: base64(iv), text: base64(sealed), tag: base64(cipher.getAuthTag()) };
    },
    unseal(sealed, purpose) {
      const bytes = (text: string) => Buffer.from(text, 'base64url');
      const opener = createDecipheriv('aes-256-gcm', keyOf(sealed.key), bytes(sealed.iv), { authTagLength: 16 });
      opener.setAAD(Buffer.from(purpose)).setAuthTag(bytes(sealed.tag));
      return Buffer.concat([opener.update(bytes(sealed.text)), opener.final()]).toString('utf8');
    },
  };
}

function newKeys(): KeysFile {
  const secret = () => randomBytes(32).toString('base64url');
  const signing = (state: 'current' | 'next') => {
    const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) as KeysFile['signing'][0]['jwk'];
    return { kid: `lic-${createHash('sha256').update(jwk.x).digest('hex').slice(0, 12)}`, state, jwk };
  };
  return {
    version: 1,
    // The next key is published from the first day on, so that a roll reaches nodes that were offline.
    signing: [signing('current'), signing('next')],
    rotation: { current: 'r1', keys: { r1: secret() } },
    sealing: { current: 's1', keys: { s1: secret() } },
    enrolment: secret(),
    licenceKey: secret(),
    pepper: secret(),
  };
}

async function readOrCreate(path: string): Promise<string> {
  const there = await readIfThere(path);
  if (there !== undefined) return there;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(newKeys(), null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    // A link never replaces: of several servers that start at once, one wins and the others read its keys.
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  return readFile(path, 'utf8');
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
