import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { CloudName } from '../contracts/stack.ts';

/**
 * Where each cloud's SDK and provider look for secrets. Clouds read their credentials themselves, from the environment,
 * from files that it names, or from the identity of the machine; our code does not pass them on, so they get into no
 * state and no workflow. This list is used to redact them from output.
 */
interface SecretSources {
  /** Variables whose value is a secret, or a document with secrets in it. */
  variables: readonly string[];
  /** Variables that name a file with a secret, and the default file if none is named. */
  files: readonly { variable: string; defaultPath?: string }[];
}

export const cloudSecretSources: Readonly<Record<CloudName, SecretSources>> = {
  local: { variables: ['LOCAL_CLOUD_TOKEN'], files: [{ variable: 'LOCAL_CLOUD_TOKEN_FILE' }] },
  aws: {
    variables: ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN'],
    files: [
      { variable: 'AWS_SHARED_CREDENTIALS_FILE', defaultPath: '.aws/credentials' },
      { variable: 'AWS_WEB_IDENTITY_TOKEN_FILE' },
      { variable: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE' },
    ],
  },
  digitalocean: {
    variables: ['DIGITALOCEAN_TOKEN', 'DIGITALOCEAN_ACCESS_TOKEN', 'SPACES_SECRET_ACCESS_KEY'],
    files: [{ variable: 'DIGITALOCEAN_TOKEN_FILE' }],
  },
  gcp: {
    variables: [
      ...['GOOGLE_CREDENTIALS', 'GOOGLE_CLOUD_KEYFILE_JSON', 'GCLOUD_KEYFILE_JSON'],
      ...['GOOGLE_OAUTH_ACCESS_TOKEN', 'GOOGLE_BACKEND_CREDENTIALS'],
    ],
    files: [
      {
        variable: 'GOOGLE_APPLICATION_CREDENTIALS',
        defaultPath: '.config/gcloud/application_default_credentials.json',
      },
    ],
  },
  azure: {
    variables: [
      ...['ARM_CLIENT_SECRET', 'ARM_CLIENT_CERTIFICATE_PASSWORD', 'ARM_OIDC_TOKEN', 'ARM_OIDC_REQUEST_TOKEN'],
      ...['AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PASSWORD', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'],
    ],
    files: [
      { variable: 'ARM_OIDC_TOKEN_FILE_PATH' },
      { variable: 'AZURE_FEDERATED_TOKEN_FILE' },
      { variable: 'ARM_CLIENT_CERTIFICATE_PATH' },
      { variable: 'AZURE_CLIENT_CERTIFICATE_PATH' },
    ],
  },
};

/** Shorter texts are words that occur in any line, and nobody uses such short secrets. */
const minSecretLength = 8;
/** Parts of a document that are secret by their names. */
const secretFields = /secret|token|private_key|password/i;

/**
 * Every secret of every cloud that this environment provides, in the forms in which it may appear in a text: values,
 * and the secret parts of documents and credential files, private keys line by line. Unreadable files yield none.
 */
export function cloudSecrets(env: NodeJS.ProcessEnv): Set<string> {
  const found = new Set<string>();
  for (const { variables, files } of Object.values(cloudSecretSources)) {
    for (const name of variables) for (const secret of secretsIn(env[name])) found.add(secret);
    for (const { variable, defaultPath: usual } of files) {
      const path = env[variable] || (usual && join(env.HOME || homedir(), usual));
      for (const secret of secretsIn(path && readQuietly(path))) found.add(secret);
    }
  }
  return found;
}

function secretsIn(text: string | undefined): string[] {
  if (!text) return [];
  const parts = inDocument(text) ?? inCredentialsFile(text) ?? text.split(/\r?\n/);
  const lines = parts.flatMap((part) => part.split(/\r?\n|\\n/));
  return [...parts, ...lines].map((part) => part.trim()).filter(isWorthHiding);
}

/** The header and footer lines of keys are not secret, and hiding them would make logs unreadable. */
function isWorthHiding(text: string): boolean {
  return text.length >= minSecretLength && !text.startsWith('-----');
}

/** Secret fields of a JSON document; undefined if the text is not JSON. */
function inDocument(text: string): string[] | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const found: string[] = [];
  (function visit(node: unknown, name: string): void {
    if (typeof node === 'string' && secretFields.test(name)) found.push(node);
    if (node && typeof node === 'object') for (const [key, inner] of Object.entries(node)) visit(inner, key);
  })(value, '');
  return found;
}

/** Secret lines of an INI file such as `~/.aws/credentials`; undefined if the text is not one. */
function inCredentialsFile(text: string): string[] | undefined {
  if (!/^\s*\[[^\]]+\]\s*$/m.test(text)) return undefined;
  return [...text.matchAll(/^\s*(\w+)\s*=\s*(\S+)/gm)].flatMap(([, name, value]) =>
    secretFields.test(name!) ? [value!] : [],
  );
}

function readQuietly(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // An unreadable file cannot leak here; whoever needs it reports the error.
    return undefined;
  }
}
