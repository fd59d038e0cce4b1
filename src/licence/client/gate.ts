import type { LicenceSnapshot } from './types.ts';

/**
 * What a product asks before it lets somebody change or add something. Pure questions to a snapshot: ask at each use,
 * so that a change of the licence needs no restart.
 */

/** Whether a lock keeps changes away; a plan whose enforcement is `warn` goes on. */
export function isReadOnly({ effect }: Pick<LicenceSnapshot, 'effect'>): boolean {
  return effect === 'readonly' || effect === 'stop';
}

/** Whether one more of a thing fits when `used` are there; a name that the licence does not bound always fits. */
export function hasRoom({ limits }: Pick<LicenceSnapshot, 'limits'>, name: string, used: number): boolean {
  const limit = Object.hasOwn(limits, name) ? limits[name] : null;
  return limit === null || limit === undefined || used < limit;
}
