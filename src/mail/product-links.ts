/** Where customers read on and ask. */
export interface ProductLinks {
  documents: { title: string; url: string }[];
  /** Community forum, open to every account. */
  forum: string;
  /** Address of the engineers, for those who bought extended support. */
  support: string;
}

/** The links of the product that Freehold sells; the support address lies under the base domain. */
export function productLinks(baseDomain: string): ProductLinks {
  return {
    documents: [
      { title: 'First steps with your server', url: 'https://docs.thinger.io/quick-start' },
      { title: 'Connect devices', url: 'https://docs.thinger.io/devices' },
      { title: 'Users, domains and brands', url: 'https://docs.thinger.io/server' },
    ],
    forum: 'https://community.thinger.io',
    support: `support@${baseDomain}`,
  };
}
