import { z } from 'zod';
import { emailKey } from '../contracts/email.ts';
import type { HostContract } from '../contracts/host-contract.ts';
import type { Log } from '../runtime/log.ts';
import { configuredFetch } from './configured-fetch.ts';
import type { Store } from './store/store.ts';

const Answer = z.object({ administrator: z.boolean() });
const timeoutMs = 3_000;

/** Whose address may become the administrator's account; the address may have been corrected since the first boot. */
export interface Administrator {
  /** The address that this server knows, for comparison. */
  current(): string;
  /**
   * Whether somebody with this address may create the administrator's account. The control plane knows; its yes is
   * kept on the data volume. While it does not answer, the address counts that this server knows.
   */
  confirm(email: string): Promise<boolean>;
}

export function createAdministrator({
  contract: { instanceId, adminEmail, controlPlaneUrl },
  store,
  log,
}: {
  contract: HostContract;
  store: Pick<Store, 'administrator'>;
  log: Log;
}): Administrator {
  const ask = configuredFetch() ?? fetch;
  const url = new URL(`/v1/instances/${instanceId}/administrator`, controlPlaneUrl);
  const current = () => store.administrator.corrected() ?? emailKey(adminEmail);

  return {
    current,
    async confirm(email) {
      const key = emailKey(email);
      try {
        const response = await ask(url.href, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email: key }),
          signal: AbortSignal.timeout(timeoutMs),
        });
        if (!response.ok) throw new Error(`the control plane answered ${response.status}`);
        const { administrator } = Answer.parse(await response.json());
        if (administrator && key !== current()) store.administrator.correct(key);
        return administrator;
      } catch (error) {
        log.warn({ err: error }, 'the control plane was not asked who the administrator is');
        return key === current();
      }
    },
  };
}
