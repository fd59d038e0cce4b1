import { type Reasons, reason } from './reason.ts';

/** Contents of carts, and the quotes that price them. */
export const cartReasons = {
  plan_unknown: reason('request', 422),
  cloud_unknown: reason('request', 422),
  cloud_not_enabled: reason('request', 422),
  region_unknown: reason('request', 422),
  zone_unknown: reason('request', 422),
  size_unavailable: reason('request', 422),
  topology_not_enabled: reason('request', 422),
  cycle_unknown: reason('request', 422),
  add_on_unknown: reason('request', 422),
  add_on_not_allowed: reason('request', 422),
  brand_needs_domain: reason('request', 422),
  quantity_out_of_range: reason('request', 422),
  country_unknown: reason('request', 422),
  quote_expired: reason('request', 409),
  subject_not_sold: reason('request', 409),
  quote_altered: reason('request', 409),
  quote_used: reason('request', 409),
} as const satisfies Reasons;
