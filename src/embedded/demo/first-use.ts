import { fetch, type RequestInit } from 'undici';
import { z } from 'zod';
import { HostHealth } from '../../contracts/host-contract.ts';
import type { Reach } from '../../runtime/reach.ts';

/** A browser's view of one server: keeps cookies, resolves names and trusts authorities as configured. */
export function createVisitor(url: string, reach: Reach) {
  const cookies = new Map<string, string>();

  async function call(path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(new URL(path, url), {
      ...init,
      dispatcher: reach.dispatcher,
      headers: { ...(cookie ? { cookie } : {}), ...(init.headers as Record<string, string> | undefined) },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name) cookies.set(name, value ?? '');
    }
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  }
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  return {
    async health(): Promise<HostHealth> {
      return HostHealth.parse((await call('/healthz')).body);
    },
    /** Whether the address was admitted; a refusal comes with the server's sentence. */
    async signUp(email: string, password: string): Promise<{ admitted: true } | { admitted: false; sentence: string }> {
      const { status, body } = await post('/api/sign-up', { email, password });
      if (status === 201) return { admitted: true };
      return { admitted: false, sentence: Refusal.parse(body).title };
    },
    async state(): Promise<State> {
      return State.parse((await call('/api/state')).body);
    },
    async addDevice(name: string): Promise<Device> {
      return Device.parse((await post('/api/devices', { name })).body);
    },
    /** Sends one reading as a device does, with the device's credential. */
    async sendReading(device: Device, values: Record<string, number>): Promise<void> {
      const { status } = await post(device.endpoint, { values }, { authorization: `Bearer ${device.credential}` });
      if (status !== 202) throw new Error(`the reading was refused with ${status}`);
    },
  };
}
export type Visitor = ReturnType<typeof createVisitor>;

const Refusal = z.object({ title: z.string(), code: z.string() });
const Device = z.object({ id: z.string(), credential: z.string(), endpoint: z.string() });
type Device = z.infer<typeof Device>;
const State = z.object({
  instance: z.object({ plan: z.string(), version: z.string() }),
  licence: z.object({ state: z.string(), revision: z.number() }),
  devices: z.array(
    z.object({ id: z.string(), lastReading: z.object({ values: z.record(z.string(), z.unknown()) }).nullable() }),
  ),
});
type State = z.infer<typeof State>;
