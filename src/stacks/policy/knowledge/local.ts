import type { CloudKnowledge } from '../knowledge.ts';

/** The small cloud, which has neither disk encryption nor a firewall. */
export const localKnowledge: CloudKnowledge = {
  prefix: 'freehold-local:',
  typeOf: (token) => token.slice('freehold-local:'.length),
  volumes: new Set(['index:Volume']),
  encryption: () => ({}),
  openings: () => [],
  machineFaults: () => [],
  userData: (_type, { props }) => (props.userData === undefined ? [] : [props.userData]),
  tags: () => 'tags',
  naming: () => 'name',
};
