import type { CloudName } from '../../contracts/stack.ts';

/** For how long a server on one node does not answer while one thing of it changes. */
interface Gap {
  ms: number;
  /** Where the figure comes from. */
  basis: 'measured' | 'estimated';
}

export interface ExpectedDowntime {
  /** From the last answer of the old machine to the first of the new one, when volume and address move. */
  move: Gap;
  /** When the machine itself is stopped, changed and started. */
  inPlace: Gap;
}

const estimated = (seconds: number): Gap => ({ ms: seconds * 1_000, basis: 'estimated' });

/**
 * What a quote promises before anything was measured for its server. The small cloud's are measured by
 * `test/engine/change-machine.test.ts` (at most so long on a busy machine); those of the four clouds are estimates that no
 * account has confirmed: stop and start of a machine, detach and attach of a volume, start of the product, each rounded up.
 */
export const expectedDowntime: Readonly<Record<CloudName, ExpectedDowntime>> = {
  local: { move: { ms: 10_000, basis: 'measured' }, inPlace: { ms: 10_000, basis: 'measured' } },
  aws: { move: estimated(90), inPlace: estimated(180) },
  digitalocean: { move: estimated(90), inPlace: estimated(180) },
  gcp: { move: estimated(90), inPlace: estimated(150) },
  azure: { move: estimated(150), inPlace: estimated(240) },
};
