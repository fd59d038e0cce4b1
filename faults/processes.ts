/**
 * The processes that are killed, by name. Those of `supervised` are named as in `src/embedded/processes.ts`; the others
 * exist only during a stack operation, below the provision worker.
 */
export const supervised = [
  'api',
  'control',
  'provision',
  'licence',
  'temporal',
  'mongo',
  'stripe',
  'mailbox',
  'cloud',
  'edge',
] as const;
export const passing = ['runner', 'pulumi', 'provider'] as const;

export type SupervisedName = (typeof supervised)[number];
export type PassingName = (typeof passing)[number];
export type Victim = SupervisedName | PassingName;
export const victims: readonly Victim[] = [...supervised, ...passing];

export function isPassing(victim: Victim): victim is PassingName {
  return (passing as readonly Victim[]).includes(victim);
}

/** Their titles in reports. */
export const victimTitles: Readonly<Record<Victim, string>> = {
  api: 'API',
  control: 'control worker',
  provision: 'provision worker',
  licence: 'licence server',
  temporal: 'Temporal server',
  mongo: 'database',
  stripe: 'Stripe emulator',
  mailbox: 'SMTP catcher',
  cloud: 'small cloud',
  edge: 'DNS and TLS',
  runner: 'runner',
  pulumi: 'Pulumi CLI',
  provider: 'provider',
};
