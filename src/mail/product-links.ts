import { textsOf } from '../texts/texts.ts';

const { documents: titles } = textsOf('en').mails;

/** Documentation and help for customers. */
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
      { title: titles.firstSteps, url: 'https://docs.thinger.io/quick-start' },
      { title: titles.devices, url: 'https://docs.thinger.io/devices' },
      { title: titles.server, url: 'https://docs.thinger.io/server' },
    ],
    forum: 'https://community.thinger.io',
    support: `support@${baseDomain}`,
  };
}
