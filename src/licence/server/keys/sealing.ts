import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { KeysFile } from './keys-file.ts';

/** A text encrypted with AES-256-GCM; `key` names the version of the sealing key, the rest is base64url. */
export interface SealedText {
  key: string;
  iv: string;
  text: string;
  tag: string;
}

type SealingKeys = Pick<KeysFile, 'sealing'>;

function keyOf({ sealing }: SealingKeys, version: string): Buffer {
  const held = sealing.keys[version];
  if (held === undefined) throw new Error(`The sealing key ${version} is missing from the keys file.`);
  return createHash('sha256').update(Buffer.from(held, 'base64url')).digest();
}

/** Encrypts a text for one purpose; decrypting it for another fails. */
export function sealText(keys: SealingKeys, text: string, purpose: string): SealedText {
  const key = keys.sealing.current;
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(keys, key), iv).setAAD(Buffer.from(purpose));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const base64 = (bytes: Buffer) => bytes.toString('base64url');
  return { key, iv: base64(iv), text: base64(sealed), tag: base64(cipher.getAuthTag()) };
}

/** Throws if the text was not encrypted for this purpose, or its key is missing from the keys file. */
export function unsealText(keys: SealingKeys, sealed: SealedText, purpose: string): string {
  const bytes = (text: string) => Buffer.from(text, 'base64url');
  const opener = createDecipheriv('aes-256-gcm', keyOf(keys, sealed.key), bytes(sealed.iv), { authTagLength: 16 });
  opener.setAAD(Buffer.from(purpose)).setAuthTag(bytes(sealed.tag));
  return Buffer.concat([opener.update(bytes(sealed.text)), opener.final()]).toString('utf8');
}
