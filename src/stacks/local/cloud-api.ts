import { z } from 'zod';

/**
 * The HTTP API of the small cloud, as its clients see it: hosts, volumes, addresses and records, each created with its
 * tags and a create token, listed by tag, changed and deleted by id. Every call carries a bearer token.
 */

const Name = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);
const Tags = z.record(z.string().max(128), z.string().max(256));
const Size = z.string().max(64);
const Gib = z.number().int().min(1).max(16_384);
const Ttl = z.number().int().min(1).max(86_400);
/** A repeated create with the same token and the same parameters answers with the object of the first. */
const Token = z.string().min(8).max(128);
const Target = z.string().regex(/^127\.0\.0\.1:\d{2,5}$/);

const created = { name: Name, tags: Tags, token: Token };
const stored = { id: z.string(), name: Name, tags: Tags, createdAt: z.string() };
const regional = { region: z.string().max(64) };
const zonal = { ...regional, zone: z.string().max(64) };

export const AddressCreate = z.strictObject({ ...created, ...regional });
export const Address = z.object({ ...stored, ...regional, address: Target });
export type Address = z.infer<typeof Address>;

export const VolumeCreate = z.strictObject({ ...created, ...zonal, sizeGib: Gib });
export const Volume = z.object({ ...stored, ...zonal, sizeGib: Gib, attachedTo: z.string().nullable() });
export type Volume = z.infer<typeof Volume>;

export const RecordCreate = z.strictObject({ ...created, address: Target, ttl: Ttl });
const DnsRecord = z.object({ ...stored, address: Target, ttl: Ttl });

const machine = { ...zonal, size: Size, image: z.string().max(128) };
/** What a host serves with; without both it is idle and runs nothing. */
const attachments = { volumeId: z.string().nullable(), addressId: z.string().nullable() };
export const HostCreate = z.strictObject({
  ...created,
  ...machine,
  volumeId: attachments.volumeId.default(null),
  addressId: attachments.addressId.default(null),
  userData: z.string().max(16_384),
});
export const Host = z.object({
  ...stored,
  ...machine,
  ...attachments,
  address: Target.nullable(),
  /** The requested state; the cloud restarts a host that should run. */
  desired: z.enum(['running', 'stopped']),
  state: z.enum(['running', 'stopped', 'failed', 'idle']),
  pid: z.number().int().nullable(),
  /** How many times the host was restarted after it had died. */
  restarts: z.number().int(),
});
export type Host = z.infer<typeof Host>;

/** A repeated restart with the token of the last one returns the host unchanged. */
export const HostRestart = z.strictObject({ token: Token });

/** Changes in place; what is absent stays. */
export const changes = {
  addresses: z.strictObject({ tags: Tags.optional() }),
  volumes: z.strictObject({ tags: Tags.optional(), sizeGib: Gib.optional() }),
  records: z.strictObject({ tags: Tags.optional(), address: Target.optional(), ttl: Ttl.optional() }),
  hosts: z.strictObject({
    tags: Tags.optional(),
    size: Size.optional(),
    volumeId: attachments.volumeId.optional(),
    addressId: attachments.addressId.optional(),
  }),
};

export const creates = { addresses: AddressCreate, volumes: VolumeCreate, records: RecordCreate, hosts: HostCreate };
export const objects = { addresses: Address, volumes: Volume, records: DnsRecord, hosts: Host };

export const kinds = ['hosts', 'records', 'volumes', 'addresses'] as const;
export type Kind = (typeof kinds)[number];
export type Create<K extends Kind> = z.input<(typeof creates)[K]>;
export type Change<K extends Kind> = z.infer<(typeof changes)[K]>;
export type CloudObject<K extends Kind> = z.infer<(typeof objects)[K]>;

/** A copy of a volume at this moment; it outlives the volume. */
export const SnapshotCreate = z.strictObject({ volumeId: z.string(), tags: Tags });
export type SnapshotCreate = z.infer<typeof SnapshotCreate>;
export const Snapshot = z.object({ id: z.string(), ...SnapshotCreate.shape, createdAt: z.string() });
export type Snapshot = z.infer<typeof Snapshot>;

/** The address of a DNS name, whoever created its record. */
export const DnsAnswer = z.object({ address: Target, ttl: Ttl });
export type DnsAnswer = z.infer<typeof DnsAnswer>;

/** Codes of the small cloud's own errors. */
export const CloudErrorCode = z.enum([
  'invalid',
  'unauthorised',
  'not_found',
  'in_use',
  'name_taken',
  'token_reused',
  'unknown_region',
  'unknown_zone',
  'unknown_size',
  'unknown_image',
  'volume_shrinks',
  'quota',
  'capacity',
  'unavailable',
]);
export type CloudErrorCode = z.infer<typeof CloudErrorCode>;
export const CloudProblem = z.object({ code: CloudErrorCode, message: z.string() });

/** Faults that can be injected into a create. */
const CreateFault = z.enum(['fail', 'quota', 'lose-reply']);

/**
 * Faults for tests and demonstrations. A call named here goes wrong `times` times: `fail` refuses with 503, `quota` with
 * 429, `lose-reply` does the work and drops the connection, `never-healthy` starts a host that answers nothing until
 * somebody restarts it. `createHostMs` and `fullZones` stay until changed.
 */
export const Faults = z.strictObject({
  createHost: z.union([CreateFault, z.literal('never-healthy')]).optional(),
  createVolume: CreateFault.optional(),
  createAddress: CreateFault.optional(),
  createRecord: CreateFault.optional(),
  deleteHost: z.literal('fail').optional(),
  deleteVolume: z.literal('fail').optional(),
  restartHost: z.enum(['fail', 'lose-reply']).optional(),
  times: z.number().int().min(1).default(1),
  /** How long a host's create takes before it answers, ms. */
  createHostMs: z.number().int().min(0).max(600_000).optional(),
  /** Zones without capacity for another host. */
  fullZones: z.array(z.string()).optional(),
});
export type Faults = z.infer<typeof Faults>;

/** The behaviour of this cloud; the defaults are the small cloud's own. */
export const Rules = z.strictObject({
  /** Whether a repeated create returns the first one's object; otherwise it silently creates another. */
  createTokens: z.boolean(),
  /** Whether a second record of a name is refused. Other names are never unique. */
  uniqueRecords: z.boolean(),
  /** How long a new object is missing from lists, ms; by its id it can be read at once. */
  listingDelayMs: z.number().int().min(0).max(600_000),
});
export type Rules = z.infer<typeof Rules>;
export const ownRules: Rules = { createTokens: true, uniqueRecords: true, listingDelayMs: 0 };
