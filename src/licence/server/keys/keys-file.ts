import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { statementsAfter } from './key-statements.ts';

const Base64Key = z.string().regex(/^[\w-]{43,}$/);

/** A key that signs verdicts and offline files. */
export const SigningKey = z.strictObject({
  kid: z.string(),
  state: z.enum(['current', 'next', 'retired']),
  jwk: z.looseObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() }),
  /** Since when clients can fetch it. */
  publishedAt: z.iso.datetime(),
  /** Since when it signs no more. */
  retiredAt: z.iso.datetime().optional(),
  /** The roll that made the current key sign: the audit entry is written from here if the process died before. */
  roll: z
    .strictObject({
      /** Id of the audit entry. */
      entry: z.string().regex(/^[0-9a-f]{24}$/),
      at: z.iso.datetime(),
      actor: z.string(),
      requestId: z.string(),
      from: z.string(),
      compromised: z.boolean(),
    })
    .optional(),
});
export type SigningKey = z.infer<typeof SigningKey>;

/** The keys file: keys that sign verdicts, derive secrets and tokens, hash licence keys and encrypt webhook secrets. */
const KeysFile = z.strictObject({
  version: z.literal(1),
  signing: z
    .array(SigningKey)
    .refine((keys) => keys.filter(({ state }) => state === 'current').length === 1, 'exactly one current signing key'),
  /** K_rot by version; `current` derives new secrets, older versions recompute older secrets. */
  rotation: z
    .strictObject({ current: z.string(), keys: z.record(z.string(), Base64Key) })
    .refine(({ current, keys }) => Object.hasOwn(keys, current), 'the current rotation key is missing'),
  /** Encrypts what may be shown or used again, by version; `current` encrypts, older versions only decrypt. */
  sealing: z
    .strictObject({ current: z.string(), keys: z.record(z.string(), Base64Key) })
    .refine(({ current, keys }) => Object.hasOwn(keys, current), 'the current sealing key is missing'),
  enrolment: Base64Key,
  licenceKey: Base64Key,
  pepper: Base64Key,
  /** Published statements about signing keys, as compact JWS: see key-statements.ts. */
  endorsements: z.array(z.string()).default([]),
  revocations: z.array(z.string()).default([]),
});
export type KeysFile = z.infer<typeof KeysFile>;

/** Throws an Error that says what is wrong, never the content. */
export function parseKeys(text: string): KeysFile {
  const parsed = KeysFile.safeParse(parseJson(text));
  if (!parsed.success) throw new Error(`The licence keys are not usable: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('The licence keys are not JSON.', { cause: error });
  }
}

export function newSigningKey(state: 'current' | 'next', publishedAt: Date): SigningKey {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) as SigningKey['jwk'];
  const kid = `lic-${createHash('sha256').update(jwk.x).digest('hex').slice(0, 12)}`;
  return { kid, state, jwk, publishedAt: publishedAt.toISOString() };
}

async function newKeys(at: Date): Promise<KeysFile> {
  const secret = () => randomBytes(32).toString('base64url');
  const [current, next] = [newSigningKey('current', at), newSigningKey('next', at)];
  const signing = [current, next];
  const none = { endorsements: [], revocations: [] };
  return {
    version: 1,
    // The next key is published from the first day, so that a roll reaches nodes that were offline.
    signing,
    rotation: { current: 'r1', keys: { r1: secret() } },
    sealing: { current: 's1', keys: { s1: secret() } },
    enrolment: secret(),
    licenceKey: secret(),
    pepper: secret(),
    ...(await statementsAfter(none, { signing, added: [next], revoked: [], at })),
  };
}

/** The text of the file, which is created (mode 0600) if missing; if several servers create it at once, one wins. */
export async function readOrCreateKeys(path: string, at: Date): Promise<string> {
  const there = await readIfThere(path);
  if (there !== undefined) return there;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = await writeDraft(path, await newKeys(at));
  try {
    // `link` never replaces: the others read the keys of the first one.
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  return readFile(path, 'utf8');
}

/** Replaces the file atomically: concurrent readers and a crash at any moment see either the old or the new one. */
export async function replaceKeys(path: string, keys: KeysFile): Promise<void> {
  const draft = await writeDraft(path, KeysFile.parse(keys));
  try {
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  const folder = await open(dirname(path));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writeDraft(path: string, keys: KeysFile): Promise<string> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(keys, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return draft;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
