import { cancellationSignal } from '@temporalio/activity';
import type { PassSettings } from '../../contracts/fleet.ts';
import type { CloudName } from '../../contracts/stack.ts';
import { now } from '../../runtime/clock.ts';
import { stackName } from '../hosting/stack-up.ts';
import { dispositionsOf } from './order-facts.ts';
import type { CloudFleetPorts } from './ports.ts';
import { withInventory } from './read-clouds.ts';

/**
 * Deletes resources at a cloud under the tag of an instance that neither our records nor any stack contain. False,
 * without any change, when one of them contains it by now, when any of the resources is young, or when a volume is
 * among them: data means that there was a server, so an operator decides. Errors: those of the cloud.
 */
export function removeUnowned(ports: CloudFleetPorts) {
  return async (cloud: CloudName, instanceId: string, { settlingMs }: PassSettings): Promise<boolean> => {
    const at = now();
    const dispositions = await dispositionsOf(
      ports.store,
      { orderIds: [], instanceIds: [instanceId] },
      { at, settlingMs },
    );
    if (dispositions[instanceId] !== 'unknown') return false;
    if ((await ports.states.idsOf(stackName(instanceId))).length > 0) return false;
    return withInventory(ports, cloud, async (inventory) => {
      const objects = (await inventory.listAll()).filter((object) => object.instanceId === instanceId);
      const isYoung = objects.some(({ createdAt }) => at - createdAt < settlingMs);
      if (isYoung || objects.some(({ role }) => role === 'volume')) return false;
      for (const object of objects) {
        cancellationSignal().throwIfAborted();
        await inventory.remove(object);
      }
      return true;
    });
  };
}
