import type { ErrorTexts } from '../rule-table.ts';

/** Azure's codes for an object that cannot be deleted because it is in use; `ResourceInUse` for all other types. */
const inUse: Readonly<Record<string, string>> = {
  NetworkInterface: 'NicInUse',
  PublicIPAddress: 'PublicIPAddressCannotBeDeleted',
  Subnet: 'InUseSubnetCannotBeDeleted',
  NetworkSecurityGroup: 'InUseNetworkSecurityGroupCannotBeDeleted',
  Disk: 'OperationNotAllowed',
};

const last = (type: string) => type.split(':').at(-1) ?? type;

/** An error in the format in which the provider passes it on. */
export function azureError(status: number, code: string, message: string): string {
  return `Status=${status} Code="${code}" Message="${message}"`;
}

export const azureErrorTexts: ErrorTexts = {
  missing: ({ type, id }) =>
    azureError(
      404,
      'ResourceNotFound',
      `The ${last(type)} '${id}' was not found. For more details see aka.ms/ARMResourceNotFoundFix`,
    ),
  inUse: ({ type, id, by }) =>
    azureError(
      409,
      inUse[last(type)] ?? 'ResourceInUse',
      `${last(type)} ${id} is in use by ${by} and cannot be deleted.`,
    ),
  // The provider checks for existence before it creates.
  taken: ({ name }) => `cannot create already existing resource '${name}'`,
  protected: ({ id }) =>
    azureError(409, 'ScopeLocked', `The scope '${id}' cannot perform delete operation because of locks.`),
  scripted: {
    quota: () =>
      azureError(
        409,
        'OperationNotAllowed',
        'Operation could not be completed as it results in exceeding approved standardBSFamily Cores quota. Current Limit: 10, Current Usage: 10, Additional Required: 1.',
      ),
    capacity: ({ zone }) =>
      azureError(
        409,
        'SkuNotAvailable',
        `The requested VM size is currently not available in location 'westeurope'${zone ? ` zone '${zone}'` : ''}. Please try another size or deploy to a different location or zone.`,
      ),
    throttled: () => azureError(429, 'TooManyRequests', 'The request is being throttled. Please try again later.'),
    expired: () =>
      azureError(401, 'ExpiredAuthenticationToken', 'The access token expiry UTC time is earlier than now.'),
    denied: ({ type }) =>
      azureError(
        403,
        'AuthorizationFailed',
        `The client does not have authorization to perform the action to write a ${last(type)} over its scope, or the scope is invalid.`,
      ),
    unavailable: () => azureError(503, 'ServiceUnavailable', 'The service is currently unavailable. Please try again.'),
  },
};
