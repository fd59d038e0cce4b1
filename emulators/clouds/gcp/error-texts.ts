import type { ErrorTexts } from '../rule-table.ts';

const last = (type: string) => type.split(':').at(-1) ?? type;

/** An API error in the format of Google's Go client, which the provider passes on. */
export function gcpError(status: number, sentence: string, reason: string): string {
  return `googleapi: Error ${status}: ${sentence}, ${reason}`;
}

const creating = (type: string) => `Error creating ${last(type)}: `;
const waiting = (type: string) => `Error waiting for ${last(type)} to create: `;

export const gcpErrorTexts: ErrorTexts = {
  missing: ({ type, id }) => `${last(type)}: ${gcpError(404, `The resource '${id}' was not found`, 'notFound')}`,
  inUse: ({ id, by }) =>
    gcpError(
      400,
      `The ${last(id.split('/').at(-2) ?? '')} resource '${id}' is already being used by '${by}'`,
      'resourceInUseByAnotherResource',
    ),
  taken: ({ type, name }) => creating(type) + gcpError(409, `The resource '${name}' already exists`, 'alreadyExists'),
  protected: ({ id, input }) =>
    `Cannot delete instance ${id}: instance Deletion Protection is enabled. Set ${input} to false for this resource and run "pulumi up" before attempting to delete it.`,
  scripted: {
    quota: ({ type, zone }) =>
      `${waiting(type)}Quota 'CPUS' exceeded.  Limit: 24.0 in region ${zone.replace(/-\w+$/, '')}.`,
    capacity: ({ type, zone }) =>
      `${waiting(type)}The zone 'projects/freehold-double/zones/${zone}' does not have enough resources available to fulfill the request.  Try a different zone, or try again later.`,
    throttled: ({ type }) =>
      creating(type) +
      gcpError(
        403,
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'compute.googleapis.com'",
        'rateLimitExceeded',
      ),
    expired: ({ type }) =>
      creating(type) +
      gcpError(
        401,
        'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
        'authError',
      ),
    denied: ({ type }) =>
      creating(type) +
      gcpError(403, "Required 'compute.instances.create' permission for 'projects/freehold-double'", 'forbidden'),
    unavailable: ({ type }) => creating(type) + gcpError(503, 'Backend Error', 'backendError'),
  },
};
