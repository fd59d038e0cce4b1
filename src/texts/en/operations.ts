import { checkDrift } from './operations/check-drift.ts';
import { provision } from './operations/provision.ts';
import { restart } from './operations/restart.ts';

/** What people read about each operation, by its kind. */
export const operations = {
  provision,
  'check-drift': checkDrift,
  restart,
} as const;
