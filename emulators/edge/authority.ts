// Required by the dependency injection of @peculiar/x509, before it is loaded.
import 'reflect-metadata';
import { X509Certificate as ParsedCertificate, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/**
 * The embedded platform's certificate authority: created at the first start, its key readable only by its owner. It
 * replaces the public authorities from which hosts get their certificates elsewhere.
 */

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;
const authorityDays = 3_650;
const leafDays = 90;
const renewDays = 30;

interface KeyAndCertificate {
  key: CryptoKey;
  certificate: X509Certificate;
}

export interface Authority {
  /** Path of the authority's certificate, PEM. */
  caFile: string;
  /** The certificate of a name, issued on first use and stored on disk. */
  contextOf(name: string): Promise<SecureContext>;
}

/** Opens the authority of a folder, or creates it. */
export async function openAuthority(folder: string): Promise<Authority> {
  cryptoProvider.set(crypto);
  const leaves = join(folder, 'certificates');
  mkdirSync(leaves, { recursive: true, mode: 0o700 });
  const caFile = join(folder, 'ca.pem');
  const ca = (await loadAuthority(folder)) ?? (await makeAuthority(folder));
  const contexts = new Map<string, { context: Promise<SecureContext>; renewAt: number }>();

  async function issue(name: string): Promise<SecureContext> {
    const certFile = join(leaves, `${name}.pem`);
    const keyFile = join(leaves, `${name}.key`);
    const kept = readPair(certFile, keyFile);
    if (kept && isFresh(kept.cert) && new ParsedCertificate(kept.cert).checkIssued(parsed(ca.certificate))) {
      return createSecureContext(kept);
    }
    const keys = await makeKeys();
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      // A common name has at most 64 characters; clients compare the alternative name.
      subject: [name.length <= 64 ? { CN: [name] } : { O: ['Freehold'] }],
      issuer: ca.certificate.subject,
      ...validity(leafDays),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: ca.key,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
        await AuthorityKeyIdentifierExtension.create(ca.certificate.publicKey),
      ],
    });
    const pair = { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
    writeSafely(keyFile, pair.key);
    writeSafely(certFile, pair.cert);
    return createSecureContext(pair);
  }

  return {
    caFile,
    contextOf(name) {
      const known = contexts.get(name);
      if (known && known.renewAt > Date.now()) return known.context;
      const context = issue(name);
      contexts.set(name, { context, renewAt: Date.now() + dayMs });
      context.catch(() => contexts.delete(name));
      return context;
    },
  };
}

async function loadAuthority(folder: string): Promise<KeyAndCertificate | null> {
  const pair = readPair(join(folder, 'ca.pem'), join(folder, 'ca.key'));
  if (!pair) return null;
  const bytes = PemConverter.decodeFirst(pair.key);
  const key = await crypto.subtle.importKey('pkcs8', bytes, algorithm, false, ['sign']);
  return { key, certificate: new X509Certificate(pair.cert) };
}

async function makeAuthority(folder: string): Promise<KeyAndCertificate> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ O: ['Freehold'], CN: [`Freehold on this machine ${randomBytes(4).toString('hex')}`] }],
    ...validity(authorityDays),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writeSafely(join(folder, 'ca.key'), await exportKey(keys.privateKey));
  writeSafely(join(folder, 'ca.pem'), certificate.toString('pem'));
  return { key: keys.privateKey, certificate };
}

function makeKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function exportKey(key: CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

/** A positive serial number of 127 random bits (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/** By the system's clock, not by ours, because clients check certificates against that. */
function validity(days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - dayMs), notAfter: new Date(Date.now() + days * dayMs) };
}

function isFresh(pem: string): boolean {
  return Date.parse(new ParsedCertificate(pem).validTo) > Date.now() + renewDays * dayMs;
}

function parsed(certificate: X509Certificate): ParsedCertificate {
  return new ParsedCertificate(certificate.toString('pem'));
}

function readPair(certFile: string, keyFile: string): { cert: string; key: string } | null {
  try {
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Writes atomically: the file has either the old content or the new one. */
function writeSafely(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}
