import type { StackRequest } from '../../contracts/stack.ts';
import type { CloudStacks } from '../private-server.ts';
import type { Engine } from './engine.ts';
import type { Reporter } from './reporter.ts';
import type { RunnerSettings } from './settings.ts';

/** What an operation works with. */
export interface StackContext {
  request: StackRequest;
  settings: RunnerSettings;
  engine: Engine;
  cloud: CloudStacks;
  reporter: Reporter;
  /** Values that must never be shown; grows as the operation learns more. */
  secrets: Set<string>;
  /** Whether the previous work on the stack is known to have ended cleanly. */
  clean: boolean;
  /** Aborted when the operation has to stop. */
  signal: AbortSignal;
}
