import { z } from 'zod';
import { Email } from './email.ts';
import { InstanceId } from './ids.ts';

/**
 * The configuration of a booted host: the file that cloud-init writes with mode 0600. It
 * carries no licence key and no cloud credential; the enrolment token can be redeemed once and is then worthless.
 */
export const HostContract = z.strictObject({
  instanceId: InstanceId,
  nodeName: z.string().min(1).max(63),
  hostnames: z.array(z.string().max(253)).min(1),
  adminEmail: Email,
  plan: z.string(),
  productVersion: z.string(),
  /** Address of the api, which knows the administrator when the address was corrected. */
  controlPlaneUrl: z.url(),
  licence: z.strictObject({
    serverUrl: z.url(),
    /** JWKS document of the licence server at the time of writing; pins the keys for the first check. */
    publicKeys: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
    enrollmentToken: z.string(),
  }),
});
export type HostContract = z.infer<typeof HostContract>;

/** Public ports of a host: the firewall of every cloud opens these and no others. */
export const hostPorts = [
  /** Validation by a certificate authority, and the redirect to HTTPS. */
  { name: 'http', port: 80, protocol: 'tcp' },
  { name: 'https', port: 443, protocol: 'tcp' },
  /** HTTP/3. */
  { name: 'quic', port: 443, protocol: 'udp' },
  /** Devices that speak MQTT, over TLS. */
  { name: 'mqtts', port: 8883, protocol: 'tcp' },
] as const;

/** The response of `GET /healthz` of a host. */
export const HostHealth = z.object({
  status: z.enum(['ok', 'starting', 'locked']),
  instanceId: InstanceId,
  version: z.string(),
  licence: z.object({ state: z.enum(['NONE', 'OK', 'GRACE', 'LOCKED']), revision: z.number().int().nonnegative() }),
  /** Phase of the boot, while the product itself does not answer. */
  phase: z.string().optional(),
});
export type HostHealth = z.infer<typeof HostHealth>;

/** Boot phases that do not end by waiting: an operator has to examine the data volume. */
export const phasesForPeople: readonly string[] = ['volume-is-not-ours', 'volume-is-ambiguous', 'volume-is-damaged'];

/** Environment variables that a cloud passes to an image's start command. */
export const hostEnvironment = {
  /** Path of the host contract file. */
  contract: 'FREEHOLD_HOST_CONTRACT',
  /** Folder of the mounted data volume. */
  data: 'FREEHOLD_HOST_DATA',
  /** Loopback port on which the host listens. */
  port: 'FREEHOLD_HOST_PORT',
  /** Address of the licence server, when it has moved since the contract of the first boot; may be missing. */
  licenceServer: 'FREEHOLD_LICENCE_SERVER_URL',
  /** Address of the api, when it has moved since then; may be missing. */
  controlPlane: 'FREEHOLD_CONTROL_PLANE_URL',
  /**
   * PEM file of the hostnames' certificate authority, where clients have to be told of it; the host's own calls trust
   * it too. May be missing.
   */
  authority: 'FREEHOLD_CA_FILE',
} as const;
