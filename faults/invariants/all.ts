import type { Evidence } from '../evidence.ts';
import { checkHosts } from './hosts.ts';
import { checkLicences } from './licences.ts';
import { checkMails } from './mails.ts';
import { checkMoney } from './money.ts';
import { checkHostnames } from './names.ts';
import { checkOrders } from './orders.ts';
import { checkProcesses } from './processes.ts';
import { checkSecrets } from './secrets.ts';
import { checkStacks } from './stacks.ts';
import { checkTimelines } from './timelines.ts';
import { checkWorkflows } from './workflows.ts';

/** Everything that must be true after a campaign, by its title. */
export const invariants = {
  orders: checkOrders,
  money: checkMoney,
  hosts: checkHosts,
  licences: checkLicences,
  mails: checkMails,
  names: checkHostnames,
  stacks: checkStacks,
  processes: checkProcesses,
  timelines: checkTimelines,
  workflows: checkWorkflows,
  'secrets and addresses': checkSecrets,
} as const satisfies Record<string, (evidence: Evidence) => string[]>;
export type InvariantName = keyof typeof invariants;

export interface Violation {
  invariant: InvariantName;
  what: string;
}

/** Every violation, in words. */
export function violationsOf(evidence: Evidence): Violation[] {
  return (Object.keys(invariants) as InvariantName[]).flatMap((invariant) =>
    invariants[invariant](evidence).map((what) => ({ invariant, what })),
  );
}
