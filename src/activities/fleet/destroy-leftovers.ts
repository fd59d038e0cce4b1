import { cancellationSignal } from '@temporalio/activity';
import type { PassSettings } from '../../contracts/fleet.ts';
import { now } from '../../runtime/clock.ts';
import { destroyRequest } from '../hosting/stack-up.ts';
import { dispositionsOf } from './order-facts.ts';
import type { CloudFleetPorts } from './ports.ts';

/**
 * Destroys everything that is left of an instance that was never delivered: its stack, and resources that carry its
 * tag. Holds the lease of the stack, so it never runs beside an operation. False, without any change, when the
 * instance is not undone any more or has no record. Errors: those of a destroy.
 */
export function destroyLeftovers({ store, runStack }: CloudFleetPorts) {
  return async (instanceId: string, { settlingMs }: PassSettings): Promise<boolean> => {
    const dispositions = await dispositionsOf(
      store,
      { orderIds: [], instanceIds: [instanceId] },
      { at: now(), settlingMs },
    );
    const instance = await store.instances.find(instanceId);
    if (!instance || dispositions[instanceId] !== 'undone') return false;
    await runStack(destroyRequest(instance, { finalSnapshot: null }), {
      onLine: () => undefined,
      signal: cancellationSignal(),
    });
    await store.instances.clearStack(instanceId);
    return true;
  };
}
