import { recogniser } from '../recognise-error.ts';

/**
 * Maps messages of Google Cloud to reasons. Requests fail as `googleapi: Error STATUS: text, reason`, running
 * operations only with their own code or text. Requests per minute are called "quota" there: such a limit passes by
 * itself, a quota of resources does not. The texts that the rules are based on are test data.
 */
export const gcpReasonOf = recogniser([
  {
    reason: 'cloud_capacity',
    pattern:
      /ZONE_RESOURCE_POOL_EXHAUSTED|does not have enough resources available|is currently unavailable in the \S+ zone|STOCKOUT/,
  },
  {
    reason: 'cloud_rate_limited',
    pattern: /[rR]ateLimitExceeded|RATE_LIMIT_EXCEEDED|Quota exceeded for quota (group|metric)/,
  },
  {
    reason: 'cloud_quota',
    pattern: /Quota '[\w-]+' exceeded|QUOTA_EXCEEDED|quotaExceeded|[iI]nsufficient regional quota|Quota limit '\w+'/,
  },
  { reason: 'cloud_rate_limited', pattern: /Error 429\b|RESOURCE_EXHAUSTED/ },
  {
    reason: 'cloud_credentials_expired',
    pattern:
      /invalid_grant|invalid_rapt|rapt_required|Error 401\b|invalid authentication credentials|could not find default credentials|code = Unauthenticated/,
  },
  {
    reason: 'cloud_permission_missing',
    pattern:
      /Required '[\w.]+' permission|Permission '[\w.]+' denied|PERMISSION_DENIED|accessNotConfigured|SERVICE_DISABLED|Error 403\b/,
  },
  { reason: 'cloud_name_conflict', pattern: /[aA]lready ?[eE]xists/ },
  { reason: 'cloud_unavailable', pattern: /Error 50\d\b|backendError/ },
]);
