import type { Store } from '../../store/store.ts';
import type { Journal } from '../lib/journal.ts';

export interface RecordsPorts {
  store: Store;
  journal: Journal;
  /** How long an order holds its name without an attempt to pay, ms. */
  holdMs: number;
}
