import type { LicenceSnapshot } from './types.ts';

/**
 * Questions a product asks before it allows a change. They are pure functions of a snapshot: ask at each use, so that a
 * change of the licence needs no restart.
 */

/** Whether a lock prevents changes; with the enforcement `warn` it never does. */
export function isReadOnly({ effect }: Pick<LicenceSnapshot, 'effect'>): boolean {
  return effect === 'readonly' || effect === 'stop';
}

/** Whether one more of a thing is allowed when `used` exist; a name that the licence does not limit always is. */
export function hasRoom({ limits }: Pick<LicenceSnapshot, 'limits'>, name: string, used: number): boolean {
  const limit = Object.hasOwn(limits, name) ? limits[name] : null;
  return limit === null || limit === undefined || used < limit;
}
