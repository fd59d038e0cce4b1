import { recogniser } from '../recognise-error.ts';

/**
 * Maps messages of Azure to reasons. The provider passes on the status, `ERROR CODE` and the body, or `Code="…"
 * Message="…"`. Status 409 is ambiguous: quota, missing capacity and a taken name all have it. The texts that the rules
 * are based on are test data.
 */
export const azureReasonOf = recogniser([
  {
    reason: 'cloud_capacity',
    pattern:
      /SkuNotAvailable|AllocationFailed|Overconstrained(Zonal)?AllocationRequest|currently not available in location/,
  },
  {
    reason: 'cloud_quota',
    pattern: /exceeding (approved|quota)|QuotaExceeded|CountLimitReached|exceeded the maximum number of/,
  },
  {
    reason: 'cloud_rate_limited',
    pattern:
      /Throttled|TooManyRequests|429 Too Many|exceeded the limit of '\d+' for time interval|RetryableError|AnotherOperationInProgress/,
  },
  {
    reason: 'cloud_credentials_expired',
    pattern:
      /ExpiredAuthenticationToken|InvalidAuthenticationToken|AADSTS\d+|Credential authentication failed|failed to acquire a token|invalid_client/,
  },
  {
    reason: 'cloud_permission_missing',
    pattern: /AuthorizationFailed|does not have authorization|RequestDisallowedByPolicy/,
  },
  { reason: 'cloud_name_conflict', pattern: /already existing resource|already exists|AlreadyExists/ },
  {
    reason: 'cloud_unavailable',
    pattern: /InternalServerError|ServiceUnavailable|RESPONSE 50\d|GatewayTimeout|ServerTimeout/,
  },
]);
