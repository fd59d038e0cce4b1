import { setTimeout as delay } from 'node:timers/promises';
import { cancellationSignal } from '@temporalio/activity';
import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { EndEnrolmentsAnswer, LicenceView } from '../../licence/protocol/admin.ts';
import { monotonic } from '../../runtime/clock.ts';
import { heartbeat } from '../lib/heartbeat-interceptor.ts';
import type { LicensingPorts } from './ports.ts';

const pollIntervalMs = 100;
/** One activity attempt polls this long; then the next one does, so that a restarted worker takes over quickly. */
const attemptMs = 20_000;

/**
 * This step waits until every node of the instance holds a seat at the licence server, then closes the enrolment.
 * Errors: `not_activated_yet` (retryable), `licence_server_unavailable`.
 */
export function awaitActivation({ store, ask }: LicensingPorts) {
  return async (context: StepContext): Promise<void> => {
    const instance = await store.instances.find(context.instanceId);
    if (!instance?.licenceId) throw new ReasonError('licence_refused', 'the instance has no licence');
    const nodes = instance.desired.nodes.map(({ name }) => name);
    const signal = cancellationSignal();
    const until = monotonic() + attemptMs;
    for (;;) {
      const licence = await ask('GET', `/v1/admin/licenses/${instance.licenceId}`, LicenceView);
      const active = licence.activations.filter(({ status }) => status === 'active').map(({ nodeName }) => nodeName);
      const missing = nodes.filter((name) => !active.includes(name));
      if (missing.length === 0) break;
      if (monotonic() > until) throw new ReasonError('not_activated_yet', `${missing.join(', ')} not active yet`);
      heartbeat({ active: nodes.length - missing.length });
      await delay(pollIntervalMs, undefined, { signal });
    }
    await ask('POST', '/v1/admin/enrollments/close', EndEnrolmentsAnswer, {
      body: { licenseId: instance.licenceId },
    });
  };
}
