import { nowDate } from '../../../runtime/clock.ts';
import type { SeatHolder } from '../../protocol/problem.ts';
import type { SeatMode } from '../../protocol/requests.ts';
import { seatsUsed } from '../activations/verdicts.ts';
import type { ServerContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { Activation } from '../store/activations.ts';
import type { Licence } from '../store/licence.ts';

/** Holders in one answer, and how many of them its sentence names. */
const listed = 20;
const named = 3;

/**
 * The refusal of a licence whose seats of this mode are in use: it names who holds them, since when and until when,
 * first those that can be had first. Only for callers that have proven that the licence is theirs. `wanted` is how many
 * seats were asked for.
 */
export async function seatsInUse(
  context: ServerContext,
  licence: Licence,
  { mode, wanted = 1 }: { mode: SeatMode; wanted?: number },
): Promise<Refusal> {
  const holders = await holdersOf(context, licence, mode);
  const used = seatsUsed(licence, mode);
  const asked = wanted > 1 ? `${wanted} seats are needed. ` : '';
  const rest = used - Math.min(named, holders.length);
  const who = [...holders.slice(0, named).map(phraseOf), ...(rest > 0 ? [`${rest} more`] : [])].join('; ');
  const longer = holders.slice(0, named).some(({ instanceId }) => instanceId !== null)
    ? ' A seat is kept longer each time its node checks.'
    : '';
  const detail = used === 0 || holders.length === 0 ? '' : `: ${who}.${longer}`;
  return new Refusal('ACTIVE_INSTANCES_CAPACITY_EXCEEDED', `${asked}${supplyOf(licence, mode)}${detail || '.'}`, {
    holders,
  });
}

/** `The licence has 2 production seats, and 2 are in use`, without a full stop. */
export function supplyOf(licence: Licence, mode: SeatMode): string {
  const [limit, used] = [licence.seatLimits[mode], seatsUsed(licence, mode)];
  if (limit === 0 && used === 0) return `The licence has no ${mode} seat`;
  const seats = `${limit} ${mode} ${limit === 1 ? 'seat' : 'seats'}`;
  return `The licence has ${seats}, and ${used} ${used === 1 ? 'is' : 'are'} in use`;
}

/** A node as the holder of its seat. */
export function nodeHolder({ settings }: Pick<ServerContext, 'settings'>, activation: Activation): SeatHolder {
  const { _id, node, bootId, status, activatedAt, createdAt, unfinishedSince, leaseUntil } = activation;
  // One that never finished is swept.
  const until =
    status === 'pending' ? new Date((unfinishedSince ?? createdAt).getTime() + settings.pendingMs) : leaseUntil;
  return {
    instanceId: _id,
    offlineFileId: null,
    nodeName: node.name,
    clusterId: node.clusterId ?? null,
    hostname: node.hostname ?? null,
    bootId,
    since: (activatedAt ?? createdAt).toISOString(),
    until: until.toISOString(),
  };
}

async function holdersOf(context: ServerContext, licence: Licence, mode: SeatMode): Promise<SeatHolder[]> {
  const seats = licence.seats.filter((seat) => seat.mode === mode);
  const online = seats.filter(({ offline }) => offline === undefined).map(({ activationId }) => activationId);
  const files = new Set(seats.filter(({ offline }) => offline !== undefined).map(({ activationId }) => activationId));
  const [nodes, offline] = await Promise.all([
    context.db.activations.seatedSoonestEnd(online, listed),
    Promise.all([...files].slice(0, listed).map((id) => fileHolder(context, licence, id))),
  ]);
  return [...nodes.map((node) => nodeHolder(context, node)), ...offline.flatMap((holder) => holder ?? [])]
    .sort((one, other) => Date.parse(one.until) - Date.parse(other.until))
    .slice(0, listed);
}

async function fileHolder(context: ServerContext, licence: Licence, id: string): Promise<SeatHolder | null> {
  const file = await context.db.offlineFiles.find(licence._id, id);
  if (file === null || file.expiresAt <= nowDate()) return null;
  return {
    instanceId: null,
    offlineFileId: id,
    nodeName: null,
    clusterId: file.clusterId,
    hostname: null,
    bootId: null,
    since: file.issuedAt.toISOString(),
    until: file.expiresAt.toISOString(),
  };
}

function phraseOf({ instanceId, offlineFileId, nodeName, hostname, clusterId, since, until }: SeatHolder): string {
  const span = `since ${since} until ${until}`;
  const where = [...(clusterId ? [`cluster "${clusterId}"`] : []), ...(hostname ? [`host "${hostname}"`] : [])];
  if (instanceId === null) return `offline file ${[offlineFileId, ...where].join(', ')}, ${span}`;
  return `node "${nodeName}" (${[...where, instanceId].join(', ')}), ${span}`;
}
