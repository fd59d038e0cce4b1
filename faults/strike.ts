import { setTimeout as delay } from 'node:timers/promises';
import Stripe from 'stripe';
import type { Platform } from '../src/embedded/platform.ts';
import { type ClockName, clocks } from '../src/embedded/processes.ts';
import { signalProcess } from '../src/stacks/processes.ts';
import { findPassing } from './platform-processes.ts';
import { isPassing, type SupervisedName, type Victim, victimTitles } from './processes.ts';
import type { Fault } from './schedule.ts';
import { shiftClock } from './shift-clock.ts';

/** How long to wait for a process that exists only during a stack operation, ms. */
const appearMs = 8_000;

export interface Striker {
  /** Applies a fault to this order; resolves with a description once a lasting fault has begun. */
  strike(fault: Fault, orderId: string): Promise<string>;
  /** Kills one process, of this instance's operation if it has one; false when no such process is running. */
  kill(victim: Victim, instanceId?: string): Promise<boolean>;
  /** Makes every creation of a host take this long from now on, ms. */
  slowCreates(ms: number): Promise<void>;
  /** Ends all lasting and pending faults. */
  calm(): Promise<void>;
}

/** Injects faults into a platform by signals and by the controls of the emulators. */
export function createStriker(platform: Platform): Striker {
  const { urls, keys } = platform;
  const frozen = new Set<string>();
  const lasting = new Set<Promise<void>>();
  let webhooksUntil = 0;
  const clocksUntil = new Map<ClockName, number>();

  async function send(method: 'POST' | 'DELETE', url: string, body?: unknown, token?: string): Promise<void> {
    // The emulator may itself be down or frozen: retried until it is back.
    const deadline = performance.now() + 60_000;
    for (;;) {
      try {
        const answer = await fetch(url, {
          method,
          signal: AbortSignal.timeout(20_000),
          headers: {
            ...(token ? { authorization: `Bearer ${token}` } : {}),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await answer.text();
        if (!answer.ok) throw new RangeError(`${method} ${url} answered ${answer.status}: ${text}`);
        return;
      } catch (error) {
        if (error instanceof RangeError || performance.now() > deadline) throw error;
        await delay(200);
      }
    }
  }

  async function kill(victim: Victim, instanceId?: string): Promise<boolean> {
    if (!isPassing(victim)) {
      const process = platform.process(victim);
      if (process.pid === undefined) return false;
      frozen.delete(victim);
      await process.kill('SIGKILL');
      return true;
    }
    const deadline = performance.now() + appearMs;
    for (;;) {
      const pid = findPassing(platform, victim, instanceId);
      if (pid !== undefined) return signalProcess(pid, 'SIGKILL');
      if (performance.now() > deadline) return false;
      await delay(20);
    }
  }

  async function freeze(victim: string, forMs: number): Promise<boolean> {
    const process = platform.process(victim);
    const { pid } = process;
    if (pid === undefined || frozen.has(victim)) return false;
    frozen.add(victim);
    await process.kill('SIGSTOP');
    last(
      delay(forMs).then(async () => {
        frozen.delete(victim);
        if (process.pid === pid) await process.kill('SIGCONT');
      }),
    );
    return true;
  }

  async function takeAway(victim: SupervisedName, forMs: number): Promise<boolean> {
    const process = platform.process(victim);
    if (process.pid === undefined || frozen.has(victim)) return false;
    await process.stop();
    last(delay(forMs).then(() => process.start()));
    return true;
  }

  function setClock({ whose, byMs, forMs }: Extract<Fault, { kind: 'clock' }>): void {
    const until = performance.now() + forMs;
    for (const name of whose === 'all' ? clocks : [whose]) {
      clocksUntil.set(name, until);
      shiftClock(platform.stateDir, name, byMs);
      last(
        delay(forMs).then(() => {
          // A later fault of the same clock has replaced it and ends on its own.
          if (clocksUntil.get(name) === until) shiftClock(platform.stateDir, name, 0);
        }),
      );
    }
  }

  /** Sends a webhook that Stripe did not sign; returns the API's answer. */
  async function forge(orderId: string): Promise<string> {
    const metadata = { freehold_order: orderId };
    const object = { id: `pi_${orderId}`, object: 'payment_intent', status: 'succeeded', metadata };
    const event = { id: `evt_${orderId}`, object: 'event', type: 'payment_intent.succeeded', data: { object } };
    const payload = JSON.stringify(event);
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: 'whsec_of_somebody_else' });
    const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
    const request = { method: 'POST', headers, body: payload, signal: AbortSignal.timeout(10_000) };
    const answer = await fetch(`${urls.api}/v1/stripe/webhook`, request).catch(() => undefined);
    if (answer === undefined) return 'no API was there';
    await answer.body?.cancel();
    if (answer.ok) throw new Error(`forged news about ${orderId} was answered with ${answer.status}`);
    return `refused with ${answer.status}`;
  }

  function last(work: Promise<void>): void {
    const ended = work.catch(() => undefined).then(() => void lasting.delete(ended));
    lasting.add(ended);
  }

  async function mistreatWebhooks(how: string, forMs: number): Promise<void> {
    const order = how === 'drop' ? { drop: true } : how === 'delay' ? { delayMs: 6_000 } : { [how]: true };
    await send('POST', `${urls.stripe}/emulator/faults`, { webhooks: order });
    const until = performance.now() + forMs;
    webhooksUntil = until;
    last(
      delay(forMs).then(async () => {
        // A later fault of the same kind has replaced it and ends on its own.
        if (webhooksUntil === until) await send('POST', `${urls.stripe}/emulator/faults`, { webhooks: {} });
      }),
    );
  }

  return {
    kill,
    async strike(fault, orderId) {
      switch (fault.kind) {
        case 'kill':
          return (await kill(fault.victim)) ? 'killed' : `no ${victimTitles[fault.victim]} was there`;
        case 'freeze':
          return (await freeze(fault.victim, fault.forMs)) ? 'frozen' : 'was down or frozen already';
        case 'away':
          return (await takeAway(fault.victim, fault.forMs)) ? 'stopped' : 'was down or frozen already';
        case 'clock':
          setClock(fault);
          return 'set';
        case 'forge':
          return forge(orderId);
        case 'stripe': {
          const { status, commit, method, times } = fault;
          await send('POST', `${urls.stripe}/emulator/faults`, { http: { status, commit, method, times } });
          return 'set';
        }
        case 'webhooks':
          await mistreatWebhooks(fault.how, fault.forMs);
          return 'begun';
        case 'smtp':
          await send('POST', `${urls.mailbox}/faults`, { code: fault.code, times: fault.times });
          return 'set';
        case 'cloud':
          await send('POST', `${urls.cloud}/v1/faults`, { [fault.call]: fault.how }, keys['cloud-token']);
          return 'set';
      }
    },
    slowCreates: (createHostMs) => send('POST', `${urls.cloud}/v1/faults`, { createHostMs }, keys['cloud-token']),
    async calm() {
      await Promise.all(lasting);
      await send('DELETE', `${urls.stripe}/emulator/faults`);
      await send('DELETE', `${urls.cloud}/v1/faults`, undefined, keys['cloud-token']);
      await send('POST', `${urls.mailbox}/faults`, { code: 451, times: 0 });
    },
  };
}
