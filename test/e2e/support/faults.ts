import type { World } from './world.ts';

/** Makes the parts around the product misbehave, by their own controls. */
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
    /** See src/embedded/stripe/kernel/faults.ts. */
    stripe: (fault: Record<string, unknown>) => send('POST', `${urls.stripe}/emulator/faults`, fault),
    stripeWorks: () => send('DELETE', `${urls.stripe}/emulator/faults`),
    /** The next so many recipients are refused with this SMTP code. */
    mail: (code: 451 | 550, times: number) => send('POST', `${urls.mailbox}/faults`, { code, times }),
  };
}
