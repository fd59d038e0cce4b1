import { recogniser } from '../recognise-error.ts';

/**
 * Maps messages of DigitalOcean to reasons. Its client writes `METHOD URL: STATUS (request "ID") text`; the API has no
 * codes besides the status, so 422 is distinguished by its text. The texts that the rules are based on are test data.
 */
export const digitaloceanReasonOf = recogniser([
  { reason: 'cloud_rate_limited', pattern: /: 429\b|[Tt]oo many requests|rate limit exceeded/i },
  { reason: 'cloud_credentials_expired', pattern: /: 401\b|Unable to authenticate you/ },
  { reason: 'cloud_name_conflict', pattern: /already exists|name is already in use/i },
  {
    reason: 'cloud_quota',
    pattern:
      /exceed your \w+ limit|\w+ limit (\(\d+\) )?(has been |was )?(reached|exceeded)|not enough available \w+ limit/,
  },
  {
    reason: 'cloud_capacity',
    pattern: /(region|size) is (not available|unavailable)|too large to fit|due to limited (capacity|availability)/i,
  },
  {
    reason: 'cloud_permission_missing',
    pattern: /: 403\b|not (authorized|allowed) to perform|do not have access for the attempted action/,
  },
  { reason: 'cloud_unavailable', pattern: /: 5\d\d\b/ },
]);
