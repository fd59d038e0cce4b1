import { z } from 'zod';
import { refused } from './rule-table.ts';

/**
 * A scripted fault: applies to the next `times` matching calls. `slow` waits `ms` before the work; `lose-reply` does
 * the work and drops the connection; `crash` does the work and then ends the provider's process; `never-healthy` makes
 * a machine whose host answers nothing; every other one is a refusal with the cloud's own message.
 */
export const ScriptedFault = z.strictObject({
  on: z.enum(['create', 'read', 'update', 'delete', 'invoke', 'list', 'power']),
  /** Part of the type's token, for instance `instance:Instance`; every type when empty. */
  type: z.string().default(''),
  /** Only if the object is in this zone. */
  zone: z.string().optional(),
  fault: z.enum([...refused, 'slow', 'lose-reply', 'crash', 'never-healthy']),
  times: z.number().int().min(1).default(1),
  ms: z.number().int().min(0).max(600_000).default(0),
});
export type ScriptedFault = z.infer<typeof ScriptedFault>;

export function createFaultScript() {
  let script: ScriptedFault[] = [];
  return {
    add: (fault: ScriptedFault) => void script.push({ ...fault }),
    clear(): void {
      script = [];
    },
    view: () => script,
    /** The first fault that matches a call; uses up one of its times. */
    strike({ on, type, zone }: { on: ScriptedFault['on']; type: string; zone: string }): ScriptedFault | undefined {
      const found = script.find(
        (fault) => fault.on === on && type.includes(fault.type) && (fault.zone === undefined || fault.zone === zone),
      );
      if (!found) return undefined;
      found.times -= 1;
      if (found.times <= 0) script = script.filter((fault) => fault !== found);
      return found;
    },
  };
}
