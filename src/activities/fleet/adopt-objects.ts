import { cancellationSignal } from '@temporalio/activity';
import type { PassSettings } from '../../contracts/fleet.ts';
import { now } from '../../runtime/clock.ts';
import { deliveredRequest } from '../hosting/stack-up.ts';
import { dispositionsOf } from './order-facts.ts';
import type { CloudFleetPorts } from './ports.ts';

/**
 * Takes into the stack of a delivered server what carries its tag and has got lost from its state, by an `up` of what the
 * server is. Deletes nothing. Holds the lease of the stack, so it never meets a running operation. False, and nothing
 * happens, when the server is not there or not at rest any more. Errors: those of an up; `volume_gone` and
 * `unknown_objects` where a person has to look: data is missing, two objects claim one place, or one claims none.
 */
export function adoptObjects({ store, runStack }: CloudFleetPorts) {
  return async (instanceId: string, { settlingMs }: PassSettings): Promise<boolean> => {
    const dispositions = await dispositionsOf(
      store,
      { orderIds: [], instanceIds: [instanceId] },
      { at: now(), settlingMs },
    );
    const instance = await store.instances.find(instanceId);
    if (!instance?.licenceId || dispositions[instanceId] !== 'lives') return false;
    const outputs = await runStack(deliveredRequest(instance), {
      onLine: () => undefined,
      signal: cancellationSignal(),
    });
    if (outputs) await store.instances.update(instanceId, { outputs });
    return true;
  };
}
