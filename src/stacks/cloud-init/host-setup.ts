import { z } from 'zod';
import { Email } from '../../contracts/email.ts';
import { ReasonError } from '../../contracts/reasons.ts';

/** Characters that are special in a Caddyfile in any context are excluded. */
const plainToken = /^[\x21\x23-\x5b\x5d-\x5f\x61-\x7a|~]+$/;
const Token = z.string().regex(plainToken, 'has characters that are special in a Caddyfile');
const Directory = z.url({ protocol: /^https$/ }).pipe(Token);
const ImageName = z.string().regex(/^[a-z0-9][a-z0-9._:/@-]*$/, 'is not the name of a container image');
const digest = 'sha256:[0-9a-f]{64}';
/** An image that cannot change under its name. */
const PinnedImage = ImageName.regex(new RegExp(`@${digest}$`), 'names no digest: name@sha256:…');
const Digests = z
  .string()
  .regex(new RegExp(`^[^=,\\s]+=${digest}(,[^=,\\s]+=${digest})*$`), 'is not a list of version=sha256:…')
  .transform((text) => new Map(text.split(',').map((entry) => entry.split('=') as [string, string])));
const EabKey = z.string().regex(/^[A-Za-z0-9_-]{16,}={0,2}$/, 'is not base64url');

/** Host configuration in the provision worker's environment; required by clouds whose images boot with cloud-init. */
export const HostVariables = z.object({
  /** Repository of the product's image, without tag and digest. */
  FREEHOLD_HOST_IMAGE: ImageName.optional(),
  /** Digest of the product's image by product version: `1.0.0=sha256:…,1.1.0=sha256:…`. */
  FREEHOLD_HOST_IMAGE_DIGESTS: Digests.optional(),
  /** Image of Caddy, which holds the certificates, by digest. */
  FREEHOLD_TLS_IMAGE: PinnedImage.optional(),
  /** Contact address at the certificate authorities. */
  ACME_EMAIL: Email.pipe(Token).optional(),
  /** The first certificate authority; by default Let's Encrypt. */
  ACME_DIRECTORY: Directory.default('https://acme-v02.api.letsencrypt.org/directory'),
  /** Directory of the first one where failed validations can be retried without counting. */
  ACME_TEST_DIRECTORY: Directory.optional(),
  /** External account binding at the first one, if it requires one. */
  ACME_EAB_KEY_ID: Token.optional(),
  ACME_EAB_KEY: EabKey.optional(),
  /**
   * The second one, asked when the first does not answer or refuses; by default ZeroSSL, once its binding is
   * configured.
   */
  ACME_FALLBACK_DIRECTORY: Directory.default('https://acme.zerossl.com/v2/DV90'),
  ACME_FALLBACK_EAB_KEY_ID: Token.optional(),
  ACME_FALLBACK_EAB_KEY: EabKey.optional(),
});
export type HostVariables = z.infer<typeof HostVariables>;

export interface Authority {
  directory: string;
  testDirectory?: string;
  /** External account binding: the account at the authority that the host uses. */
  binding?: { keyId: string; key: string };
}

export interface HostSetup {
  /** Repository of the product's image, and the digest of each version. */
  productImage: string;
  productDigests: ReadonlyMap<string, string>;
  tlsImage: string;
  email: string;
  /** In the order in which they are asked. */
  authorities: [Authority, Authority];
}

/** Let's Encrypt's own pair; the test directory of another authority must be configured. */
const letsEncrypt = {
  directory: 'https://acme-v02.api.letsencrypt.org/directory',
  testDirectory: 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

/** Reads the variables; throws `host_setup_invalid`, which names what is missing and repeats no value. */
export function readHostSetup(variables: HostVariables): HostSetup {
  const required = [
    ...(['FREEHOLD_HOST_IMAGE', 'FREEHOLD_HOST_IMAGE_DIGESTS', 'FREEHOLD_TLS_IMAGE', 'ACME_EMAIL'] as const),
    ...(['ACME_FALLBACK_EAB_KEY_ID', 'ACME_FALLBACK_EAB_KEY'] as const),
  ];
  const missing = required.filter((name) => !variables[name]);
  if (missing.length > 0) throw new ReasonError('host_setup_invalid', `not set: ${missing.join(', ')}`);
  const first = authority(variables.ACME_DIRECTORY, variables.ACME_EAB_KEY_ID, variables.ACME_EAB_KEY);
  const testDirectory =
    variables.ACME_TEST_DIRECTORY ??
    (first.directory === letsEncrypt.directory ? letsEncrypt.testDirectory : undefined);
  const { ACME_FALLBACK_DIRECTORY, ACME_FALLBACK_EAB_KEY_ID, ACME_FALLBACK_EAB_KEY } = variables;
  return {
    productImage: variables.FREEHOLD_HOST_IMAGE!,
    productDigests: variables.FREEHOLD_HOST_IMAGE_DIGESTS!,
    tlsImage: variables.FREEHOLD_TLS_IMAGE!,
    email: variables.ACME_EMAIL!,
    authorities: [
      { ...first, ...(testDirectory ? { testDirectory } : {}) },
      authority(ACME_FALLBACK_DIRECTORY, ACME_FALLBACK_EAB_KEY_ID, ACME_FALLBACK_EAB_KEY),
    ],
  };
}

function authority(directory: string, keyId: string | undefined, key: string | undefined): Authority {
  if (!keyId !== !key) throw new ReasonError('host_setup_invalid', `${directory} has half of a binding`);
  return { directory, ...(keyId && key ? { binding: { keyId, key } } : {}) };
}
