import type { HostError } from '../../reasons.ts';
import type { hostState } from '../../state.ts';
import type { Page } from './layout.ts';

/** The form that was refused: where, why, and what had been typed. */
export interface Refused {
  section: SectionName;
  error: HostError;
  typed: Record<string, string>;
}

export type SectionName = 'users' | 'domains' | 'brands' | 'plugins' | 'devices';

export interface SectionContext {
  page: Page;
  state: ReturnType<typeof hostState>;
  /** Whether forms are shown: the licence allows changes. */
  writable: boolean;
  refused?: Refused;
}
