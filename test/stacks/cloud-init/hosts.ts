import type { HostContract } from '../../../src/contracts/host-contract.ts';
import { type CloudInitInput, cloudInit } from '../../../src/stacks/cloud-init/cloud-init.ts';
import { HostVariables, readHostSetup } from '../../../src/stacks/cloud-init/host-setup.ts';

const digest = `sha256:${'0a'.repeat(32)}`;

/** Host configuration of a provision worker, with every variable that has no default. */
export const hostVariables = {
  FREEHOLD_HOST_IMAGE: 'images.example.org/freehold/server',
  FREEHOLD_HOST_IMAGE_DIGESTS: `1.0.0=${digest},1.1.0=sha256:${'0b'.repeat(32)}`,
  FREEHOLD_TLS_IMAGE: `docker.io/library/caddy@${digest}`,
  ACME_EMAIL: 'certificates@example.org',
  ACME_FALLBACK_EAB_KEY_ID: 'kid-1',
  ACME_FALLBACK_EAB_KEY: 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W',
};

export const setupOf = (variables: Record<string, string> = hostVariables) =>
  readHostSetup(HostVariables.parse(variables));

export function contractOf(change: Partial<HostContract> = {}): HostContract {
  const key = { kty: 'OKP', crv: 'Ed25519', kid: 'key-1', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
  return {
    instanceId: 'i0123456789abcdef',
    nodeName: 'node-1',
    hostnames: ['acme.aws.example.org'],
    adminEmail: 'admin@example.org',
    plan: 'MAKER',
    productVersion: '1.0.0',
    controlPlaneUrl: 'https://api.example.org',
    licence: {
      serverUrl: 'https://licence.example.org',
      publicKeys: { keys: [key] },
      enrollmentToken: 'enrolment-token-of-the-test',
    },
    ...change,
  };
}

export function documentOf(change: Partial<CloudInitInput> = {}): string {
  return cloudInit({ cloud: 'aws', contract: contractOf(), setup: setupOf(), ...change });
}
