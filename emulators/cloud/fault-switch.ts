import type { Faults } from '../../src/stacks/local/cloud-api.ts';

type Behaviour = Pick<Faults, 'createHostMs' | 'fullZones'>;
type Struck = Exclude<keyof Faults, keyof Behaviour | 'times'>;

/** Injects faults; settings that are not named stay as they were. */
export function createFaultSwitch() {
  let behaviour: Behaviour = {};
  const due = new Map<string, { fault: string; times: number }>();
  return {
    behaviour: () => behaviour,
    set({ times, createHostMs, fullZones, ...struck }: Faults): void {
      behaviour = {
        ...behaviour,
        ...(createHostMs === undefined ? {} : { createHostMs }),
        ...(fullZones === undefined ? {} : { fullZones }),
      };
      for (const [call, fault] of Object.entries(struck)) due.set(call, { fault, times });
    },
    clear(): void {
      behaviour = {};
      due.clear();
    },
    view: () => ({ ...behaviour, due: Object.fromEntries(due) }),
    /** The fault due for this call, if any; uses it up. */
    strike<Call extends Struck>(call: Call): Faults[Call] | undefined {
      const entry = due.get(call);
      if (!entry) return undefined;
      entry.times -= 1;
      if (entry.times <= 0) due.delete(call);
      return entry.fault as Faults[Call];
    },
  };
}

export type FaultSwitch = ReturnType<typeof createFaultSwitch>;
