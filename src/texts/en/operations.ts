import { checkDrift } from './operations/check-drift.ts';
import { provision } from './operations/provision.ts';

/** What people read about each operation, by its kind. */
export const operations = {
  provision,
  'check-drift': checkDrift,
} as const;
