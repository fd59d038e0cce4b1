import type { CloudName } from '../../contracts/stack.ts';

/** Downtime of a single-node server during one kind of change. */
interface Downtime {
  ms: number;
  /** Origin of the figure. */
  basis: 'measured' | 'estimated';
}

export interface ExpectedDowntime {
  /** From the last answer of the old machine to the first of the new one, when volume and address move. */
  move: Downtime;
  /** When the machine itself is stopped, changed and started. */
  inPlace: Downtime;
}

const estimated = (seconds: number): Downtime => ({ ms: seconds * 1_000, basis: 'estimated' });

/**
 * The downtime that a quote states before anything was measured for its server. The small cloud's figures are measured
 * by `test/engine/change-machine.test.ts` (upper bounds on a busy machine). Those of the four clouds are estimates that
 * no account has confirmed: stop and start of a machine, detach and attach of a volume, start of the product, each
 * rounded up.
 */
export const expectedDowntime: Readonly<Record<CloudName, ExpectedDowntime>> = {
  local: { move: { ms: 10_000, basis: 'measured' }, inPlace: { ms: 10_000, basis: 'measured' } },
  aws: { move: estimated(90), inPlace: estimated(180) },
  digitalocean: { move: estimated(90), inPlace: estimated(180) },
  gcp: { move: estimated(90), inPlace: estimated(150) },
  azure: { move: estimated(150), inPlace: estimated(240) },
};
