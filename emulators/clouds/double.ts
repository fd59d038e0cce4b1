import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../../src/runtime/clock.ts';
import { type Properties, same } from '../../src/stacks/provider/properties.ts';
import { createFaultScript, type ScriptedFault } from './fault-script.ts';
import type { Machines } from './machines.ts';
import { type ObjectArea, propertiesOf } from './object-area.ts';
import { valuesAt } from './paths.ts';
import { DoubleRefusal } from './refusal.ts';
import { type CloudTable, type DoubleObject, type Place, refused } from './rule-table.ts';

/** Scripted end of a call: the work is done, but the caller does not learn it. */
export type Ending = 'reply' | 'lose-reply' | 'crash';

/** What can be done to the power of a machine. */
export const powers = ['on', 'off', 'reboot', 'reset'] as const;
type Power = (typeof powers)[number];
const signals = { reboot: 'SIGTERM', reset: 'SIGKILL' } as const;

/** One cloud's double at work: its objects, its machines and what goes wrong on purpose. */
export function createDouble(options: { table: CloudTable; area: ObjectArea; machines: Machines }) {
  const { table, area, machines } = options;
  const faults = createFaultScript();
  let aborted = 0;

  function zoneOf(inputs: Properties): string {
    const names = ['availabilityZone', 'zone', 'zones[]'].flatMap((path) => valuesAt(inputs, path));
    return String(names[0] ?? '');
  }

  /** Applies a scripted fault: throws its refusal, or waits, or returns how the call is to end. */
  async function meet(on: ScriptedFault['on'], type: string, inputs: Properties): Promise<ScriptedFault | undefined> {
    const zone = zoneOf(inputs);
    const fault = faults.strike({ on, type, zone });
    if (!fault) return undefined;
    const kind = refused.find((name) => name === fault.fault);
    if (kind) throw new DoubleRefusal('scripted', table.words.scripted[kind]({ type, zone }));
    return fault;
  }

  /** Waits as long as a slow call takes, or until faults are cleared. */
  async function delayCall(fault: ScriptedFault | undefined): Promise<void> {
    if (fault?.fault !== 'slow') return;
    const begun = monotonic();
    const round = aborted;
    while (round === aborted && monotonic() - begun < fault.ms) await delay(25);
  }

  const endingOf = (fault: ScriptedFault | undefined): Ending =>
    fault?.fault === 'lose-reply' || fault?.fault === 'crash' ? fault.fault : 'reply';

  return {
    table,
    area,
    portOf: machines.portOf,
    consoleOf: machines.consoleOf,
    resume: () => machines.settle({ resuming: true }),
    addFault: faults.add,
    faults: faults.view,
    clearFaults(): void {
      aborted += 1;
      faults.clear();
    },
    async create(
      type: string,
      desired: Place & { inputs: Properties },
    ): Promise<{ object: DoubleObject; ending: Ending }> {
      const fault = await meet('create', type, desired.inputs);
      const object = area.create(type, desired);
      await machines.settle(fault?.fault === 'never-healthy' ? { deaf: object.id } : {});
      await delayCall(fault);
      return { object, ending: endingOf(fault) };
    },
    async read(type: string, id: string): Promise<DoubleObject | null> {
      await delayCall(await meet('read', type, {}));
      return area.world.find(type, id);
    },
    async change(type: string, id: string, inputs: Properties): Promise<{ object: DoubleObject; ending: Ending }> {
      const fault = await meet('update', type, inputs);
      const before = area.need(type, id);
      const object = area.change(type, id, inputs);
      const { restarts = [] } = table.types[type] ?? {};
      const isRestarted = restarts.some((name) => !same(before.inputs[name], object.inputs[name]));
      await machines.settle(isRestarted ? { restart: id } : {});
      await delayCall(fault);
      return { object, ending: endingOf(fault) };
    },
    async remove(type: string, id: string, by: 'provider' | 'wire'): Promise<Ending> {
      const object = area.world.find(type, id);
      const fault = await meet('delete', type, object ? propertiesOf(object) : {});
      if (object) {
        const gone = area.remove(type, id, by);
        await machines.settle();
        for (const each of gone) if (each.type === table.volumeType) machines.eraseVolume(each.id);
      }
      await delayCall(fault);
      return endingOf(fault);
    },
    /** Whether a machine is on, by its stack and by whoever turned it off. */
    isOn: (id: string) =>
      table.machines(area.world).some((view) => view.id === id && view.isOn) && !machines.isTurnedOff(id),
    /**
     * Turns a machine on or off, reboots it (its processes are asked to end) or resets it (they are not). Answers when the
     * cloud has taken the order; `done` ends when it is carried out.
     */
    async power(type: string, id: string, how: Power): Promise<{ ending: Ending; done: Promise<void> }> {
      area.need(type, id);
      const fault = await meet('power', type, {});
      const work = how === 'on' || how === 'off' ? machines.turn(id, how) : machines.restart(id, signals[how]);
      const done = work.then(() => delayCall(fault));
      done.catch(() => undefined);
      return { ending: endingOf(fault), done };
    },
    async list(tag?: readonly [string, string]): Promise<DoubleObject[]> {
      await delayCall(await meet('list', '', {}));
      return area.list(tag);
    },
    async invoke(token: string, args: Properties, place: Place): Promise<Properties> {
      await delayCall(await meet('invoke', token, args));
      const work = table.functions[token];
      if (!work) throw new DoubleRefusal('invalid', `the double of ${table.cloud} does not know the function ${token}`);
      return work(args, place, area.world);
    },
    /** Loopback ports of the hosts that serve a DNS name; null if the name has no record. */
    answer(name: string): { ports: number[]; ttl: number } | null {
      const answer = table.answer(name, area.world);
      if (!answer) return null;
      const ports = answer.machineIds.map(machines.portOf).filter((port) => port !== null);
      return { ports, ttl: answer.ttl };
    },
    close(): void {
      area.close();
      machines.close();
    },
  };
}

export type Double = ReturnType<typeof createDouble>;
