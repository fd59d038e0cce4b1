import type { SeatMode } from '../../protocol/requests.ts';
import { endActivation } from '../activations/end-activation.ts';
import { planOf } from '../activations/verdicts.ts';
import type { ServerContext } from '../context.ts';
import type { Licence } from '../store/licence.ts';

/**
 * Fewer seats than running nodes: all continue, and none is added. If the plan says `end-newest`, the first renewal
 * after that ends the newest ones until the rest fits. True if one was ended.
 */
export async function reduceSeats(context: ServerContext, licence: Licence, requestId: string): Promise<boolean> {
  const beyond = (['production', 'development'] as const).flatMap((mode) => newestBeyond(licence, mode));
  if (beyond.length === 0 || !wasRenewed(licence)) return false;
  if ((await planOf(context, licence)).data.overLimit !== 'end-newest') return false;
  for (const id of beyond) {
    const activation = await context.db.activations.find(id);
    if (activation !== null) await endActivation(context, activation, 'reduced', { actor: 'renewal', requestId });
  }
  return true;
}

function newestBeyond({ seats, seatLimits }: Licence, mode: SeatMode): string[] {
  const held = seats.filter((seat) => seat.mode === mode);
  const excess = Math.max(0, held.length - seatLimits[mode]);
  // The seats of an offline file cannot be taken back.
  const nodes = held.filter(({ offline }) => offline === undefined);
  return nodes.slice(Math.max(0, nodes.length - excess)).map(({ activationId }) => activationId);
}

/** Whether a later period has been paid since the entitlements last changed. */
function wasRenewed({ changedAt, standing: { paidUntil } }: Licence): boolean {
  if (!changedAt || paidUntil === null) return false;
  return changedAt.paidUntil === null || paidUntil > changedAt.paidUntil;
}
