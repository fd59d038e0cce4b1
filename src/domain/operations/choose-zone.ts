/**
 * The zone of the same region in which a machine is tried next when `current` has no room for it, `null` when every zone
 * was tried. Zones that the cloud itself recommends in its message come first, then the order of the catalogue. The answer
 * is always a zone of the region: another region holds other people's data under another law, and is for people to choose.
 */
export function chooseZone({
  zones,
  current,
  tried,
  message,
}: {
  /** Zones of the region, as the catalogue has them. */
  zones: readonly string[];
  current: string;
  /** Zones that had no room in this round. */
  tried: readonly string[];
  /** What the cloud said. */
  message: string;
}): string | null {
  const left = zones.filter((zone) => zone !== current && !tried.includes(zone));
  return left.find((zone) => isNamed(zone, message)) ?? left[0] ?? null;
}

/**
 * The one of the zones of a server that has no room, by the cloud's message: the first that it names, because what a cloud
 * recommends comes after what it refuses. `null` where the server is in several and the message names none.
 */
export function fullZone(zones: readonly string[], message: string): string | null {
  if (zones.length === 1) return zones[0]!;
  const named = zones.filter((zone) => isNamed(zone, message));
  return named.sort((one, other) => message.indexOf(one) - message.indexOf(other))[0] ?? null;
}

/** Names as short as Azure's "1" are found in any text and recommend nothing. */
const shortestName = 4;

function isNamed(zone: string, message: string): boolean {
  return zone.length >= shortestName && message.split(/[^\w-]+/).includes(zone);
}
