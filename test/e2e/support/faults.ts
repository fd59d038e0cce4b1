import { shiftClock } from '../../../faults/shift-clock.ts';
import type { CloudName } from '../../../src/contracts/stack.ts';
import type { ClockName } from '../../../src/embedded/processes.ts';
import { until } from '../../support/until.ts';
import { timeoutMs, type World } from './world.ts';

/** Injects faults by the emulators' controls. */
export function createFaults({ platform }: World) {
  const { urls, keys } = platform;
  async function send(method: string, url: string, body?: unknown, token?: string): Promise<void> {
    const answer = await fetch(url, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${url} answered ${answer.status}: ${await answer.text()}`);
    await answer.body?.cancel();
  }
  return {
    /** See `Faults` in src/stacks/local/cloud-api.ts. */
    cloud: (fault: Record<string, unknown>) => send('POST', `${urls.cloud}/v1/faults`, fault, keys['cloud-token']),
    cloudWorks: () => send('DELETE', `${urls.cloud}/v1/faults`, undefined, keys['cloud-token']),
    /** See emulators/clouds/fault-script.ts. */
    double: (cloud: CloudName, fault: Record<string, unknown>) =>
      send('POST', `${urls.cloud}/v1/doubles/${cloud}/faults`, fault, keys['cloud-token']),
    doubleWorks: (cloud: CloudName) =>
      send('DELETE', `${urls.cloud}/v1/doubles/${cloud}/faults`, undefined, keys['cloud-token']),
    /** See emulators/stripe/kernel/faults.ts. */
    stripe: (fault: Record<string, unknown>) => send('POST', `${urls.stripe}/emulator/faults`, fault),
    stripeWorks: () => send('DELETE', `${urls.stripe}/emulator/faults`),
    /** Advances Stripe's clock, for everything dated or delayed there. */
    passTimeAtStripe: (advanceMs: number) => send('POST', `${urls.stripe}/emulator/clock`, { advanceMs }),
    /** Resolves when Stripe has delivered all its events. */
    async stripeHasToldAll(): Promise<void> {
      const waiting = async () => (await (await fetch(`${urls.stripe}/emulator/deliveries`)).json()).waiting;
      await until(async () => (await waiting()) === 0, { what: 'Stripe has told all', limitMs: timeoutMs });
    },
    /** Shifts clocks by an offset in ms; needs a world shared with `shiftableClocks`. */
    clock: (whose: ClockName | 'all', offsetMs: number) => shiftClock(platform.stateDir, whose, offsetMs),
    /** Refuses the next recipients with this SMTP code. */
    mail: (code: 451 | 550, times: number, to?: string) =>
      send('POST', `${urls.mailbox}/faults`, { code, times, ...(to ? { to } : {}) }),
  };
}
