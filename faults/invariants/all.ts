import type { Evidence } from '../evidence.ts';
import { hostsAreRight } from './hosts.ts';
import { licencesAreRight } from './licences.ts';
import { mailsAreRight } from './mails.ts';
import { moneyIsRight } from './money.ts';
import { namesAreRight } from './names.ts';
import { ordersEnded } from './orders.ts';
import { processesAreRight } from './processes.ts';
import { secretsAreKept } from './secrets.ts';
import { stacksAreRight } from './stacks.ts';
import { timelinesAreWhole } from './timelines.ts';
import { workflowsAreRight } from './workflows.ts';

/** The invariants after a campaign, by their displayed names. */
export const invariants = {
  orders: ordersEnded,
  money: moneyIsRight,
  hosts: hostsAreRight,
  licences: licencesAreRight,
  mails: mailsAreRight,
  names: namesAreRight,
  stacks: stacksAreRight,
  processes: processesAreRight,
  timelines: timelinesAreWhole,
  workflows: workflowsAreRight,
  'secrets and addresses': secretsAreKept,
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
