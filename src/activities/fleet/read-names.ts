import type { Page, PassSettings } from '../../contracts/fleet.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { HoldFacts } from '../../domain/fleet/reconcile.ts';
import type { FleetPorts } from './ports.ts';

/** Whether each of these hostnames resolves. Errors: `dns_unresolved` when the resolver does not respond. */
export function readNames({ reach }: FleetPorts) {
  return async (hostnames: string[]): Promise<Record<string, boolean>> => {
    const found: Record<string, boolean> = {};
    for (const hostname of hostnames) {
      try {
        found[hostname] = (await reach.resolve(hostname)).length > 0;
      } catch (error) {
        throw new ReasonError('dns_unresolved', (error as NodeJS.ErrnoException).code, { cause: error });
      }
    }
    return found;
  };
}

/** A page of the names held by orders and instances. */
export function readHolds({ store }: FleetPorts) {
  return async ({ pageSize }: PassSettings, after: string): Promise<Page<HoldFacts>> => {
    const holds = await store.holds.page(after, pageSize);
    const last = holds.at(-1);
    return {
      items: holds.map(({ _id: name, holderId, until }) => ({ name, holderId, until: until?.getTime() ?? null })),
      next: last && holds.length === pageSize ? last._id : null,
    };
  };
}
