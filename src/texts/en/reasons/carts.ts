/** Contents of carts, and the quotes that price them. */
export const cartReasonTexts = {
  plan_unknown: {
    customer: 'There is no such plan.',
    operator: 'The plan is not in the catalogue.',
    next: 'Choose a plan of the catalogue.',
  },
  cloud_unknown: {
    customer: 'There is no such cloud.',
    operator: 'The cloud is not in the catalogue.',
    next: 'Choose a cloud of the catalogue.',
  },
  cloud_not_enabled: {
    customer: 'This cloud is not enabled here.',
    operator: 'The catalogue lists the cloud, but this installation does not sell it.',
    next: 'Choose another cloud.',
  },
  region_unknown: {
    customer: 'There is no such region on this cloud.',
    operator: 'The region is not in the catalogue of this cloud.',
    next: 'Choose a region of the cloud.',
  },
  zone_unknown: {
    customer: 'There is no such zone in this region.',
    operator: 'The zone is not in the catalogue of this region.',
    next: 'Choose a zone of the region.',
  },
  size_unavailable: {
    customer: 'This plan is not available in this region.',
    operator: "The region does not offer the plan's machine size.",
    next: 'Choose another region.',
  },
  topology_not_enabled: {
    customer: 'This plan is not sold on that many nodes here.',
    operator: 'The topology is not in the catalogue of the plan, or not enabled there.',
    next: 'Order the plan on one node.',
  },
  cycle_unknown: {
    customer: 'Plans are billed monthly or yearly.',
    operator: 'The billing cycle is not in the catalogue.',
    next: 'Choose monthly or yearly.',
  },
  add_on_unknown: {
    customer: 'There is no such add-on.',
    operator: 'The add-on is not in the catalogue.',
    next: 'Choose an add-on of the catalogue.',
  },
  add_on_not_allowed: {
    customer: 'This plan does not allow this add-on.',
    operator: 'The plan excludes the add-on.',
    next: 'Remove the add-on or choose the plan that the detail names.',
  },
  brand_needs_domain: {
    customer: 'Each brand needs a custom domain of its own.',
    operator: 'The cart has more brands than domains.',
    next: 'Add as many domains as brands.',
  },
  quantity_out_of_range: {
    customer: 'This quantity is not offered.',
    operator: 'The quantity of an add-on is outside of what the catalogue sells.',
    next: 'Choose a quantity in the range that the detail names.',
  },
  country_unknown: {
    customer: 'There is no such country.',
    operator: 'The billing country is not an ISO 3166 code that the tax table knows.',
    next: 'Choose a country of the list.',
  },
  quote_expired: {
    customer: 'This quote has expired.',
    operator: 'The quote is older than its validity.',
    next: 'Ask for a new quote.',
  },
  subject_not_sold: {
    customer: 'This cannot be ordered here.',
    operator: 'The quote is not for a server; orders are taken for servers only.',
    next: 'Ask for a quote for a server.',
  },
  quote_altered: {
    customer: 'This quote was changed after we signed it.',
    operator: 'The signature of the quote does not match.',
    next: 'Ask for a new quote.',
  },
  quote_used: {
    customer: 'This quote was already ordered.',
    operator: 'An order with other contents exists for this quote; the detail is its id.',
    next: 'Look at the order: POST /v1/carts/orders with the hold token of the cart finds it. Or ask for a new quote.',
  },
} as const;
