import { cancellationSignal } from '@temporalio/activity';
import type { PassSettings } from '../../contracts/fleet.ts';
import { now } from '../../runtime/clock.ts';
import { deliveredRequest } from '../hosting/stack-up.ts';
import { dispositionsOf } from './order-facts.ts';
import type { CloudFleetPorts } from './ports.ts';

/**
 * Imports resources into the stack of a delivered server that carry its tag and are missing from its state, by an `up`
 * of the applied spec. A volume that an operator restored under the logical name of a lost one takes its place, and its
 * machine gets a new enrolment token. Deletes nothing. Holds the lease of the stack, so it never runs beside an
 * operation. False, without any change, when the server does not exist or is not at rest any more. Errors: those of an
 * up; `volume_gone` and `unknown_objects` where an operator has to decide: data is missing, two resources match one
 * logical name, or one matches none.
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
    // A machine that is built with a restored volume has an old state of its licence, and recovers by a new token.
    const desired = { ...instance.desired, enrolmentGeneration: instance.desired.enrolmentGeneration + 1 };
    await store.instances.update(instanceId, { desired });
    const outputs = await runStack(deliveredRequest({ ...instance, desired }, { acceptRestored: true }), {
      onLine: () => undefined,
      signal: cancellationSignal(),
    });
    if (outputs) await store.instances.update(instanceId, { outputs });
    return true;
  };
}
