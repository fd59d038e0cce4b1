import { recogniser } from '../recognise-error.ts';

/**
 * Maps messages of AWS to reasons. The provider passes the API's code on as `api error CODE: text`, older parts of it
 * as `CODE: text`. The texts that the rules are based on are test data, each with its source.
 */
export const awsReasonOf = recogniser([
  {
    reason: 'cloud_capacity',
    pattern: /Insufficient(Instance|Host|Volume)Capacity|not supported in your requested Availability Zone/,
  },
  {
    reason: 'cloud_rate_limited',
    pattern:
      /RequestLimitExceeded|\bThrottl(ing|ed)|Rate exceeded|TooManyRequestsException|PriorRequestNotComplete|SlowDown/,
  },
  { reason: 'cloud_quota', pattern: /LimitExceeded|ServiceQuotaExceeded|\bTooMany[A-Z]|current instance limit of/ },
  {
    reason: 'cloud_credentials_expired',
    pattern:
      /Expired ?Token|RequestExpired|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|Signature expired|validate the provided access credentials|InvalidIdentityToken|[Nn]o valid credential|failed to refresh cached credentials/,
  },
  {
    reason: 'cloud_permission_missing',
    pattern: /UnauthorizedOperation|AccessDenied|not authorized to perform|AuthFailure: Not authorized/,
  },
  {
    reason: 'cloud_name_conflict',
    pattern: /AlreadyExists|\.Duplicate\b|it already exists|Duplicate(LoadBalancer|TargetGroup)Name/,
  },
  {
    reason: 'cloud_unavailable',
    pattern: /ServiceUnavailable|InternalError|InternalFailure|StatusCode: 5\d\d|status code: 5\d\d/,
  },
]);
