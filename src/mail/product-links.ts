import { helpTopics } from '../contracts/help-topics.ts';
import { textsOf } from '../texts/texts.ts';

const { help } = textsOf('en');

/** Documentation and help for customers. */
export interface ProductLinks {
  documents: { title: string; url: string }[];
  /** Community forum, open to every account; undefined where there is none. */
  forum: string | undefined;
  /** Address of the engineers, for those who bought extended support. */
  support: string;
}

/** The links that mails and pages lead to, from the configuration of the process. */
export function productLinks(config: {
  FREEHOLD_PUBLIC_URL: string;
  FREEHOLD_BASE_DOMAIN: string;
  FREEHOLD_DOCUMENTS_URL?: string | undefined;
  FREEHOLD_FORUM_URL?: string | undefined;
  FREEHOLD_SUPPORT_EMAIL?: string | undefined;
}): ProductLinks {
  const own = `${config.FREEHOLD_PUBLIC_URL.replace(/\/$/, '')}/help`;
  const base = config.FREEHOLD_DOCUMENTS_URL?.replace(/\/$/, '') ?? own;
  return {
    documents: helpTopics.map((topic) => ({ title: help.topics[topic].title, url: `${base}/${topic}` })),
    forum: config.FREEHOLD_FORUM_URL,
    support: config.FREEHOLD_SUPPORT_EMAIL ?? `support@${config.FREEHOLD_BASE_DOMAIN}`,
  };
}
