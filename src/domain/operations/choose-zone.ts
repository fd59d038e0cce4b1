/**
 * The zone of the same region to try next when `current` has no capacity for a machine; `null` when every zone was
 * tried. Zones that the cloud itself recommends in its message come first, then the order of the catalogue. It is never
 * a zone of another region: that would put data under another law, which only a person may choose.
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
  /** Zones without capacity so far. */
  tried: readonly string[];
  /** What the cloud said. */
  message: string;
}): string | null {
  const left = zones.filter((zone) => zone !== current && !tried.includes(zone));
  return left.find((zone) => isNamed(zone, message)) ?? left[0] ?? null;
}

/**
 * Which zone of a server has no capacity, by the cloud's message: the first that it names, because recommendations come
 * after the refusal. `null` where the server is in several zones and the message names none.
 */
export function fullZone(zones: readonly string[], message: string): string | null {
  if (zones.length === 1) return zones[0]!;
  const named = zones.filter((zone) => isNamed(zone, message));
  return named.sort((one, other) => message.indexOf(one) - message.indexOf(other))[0] ?? null;
}

/** Names as short as Azure's "1" occur in any text, so they are no recommendation. */
const shortestName = 4;

function isNamed(zone: string, message: string): boolean {
  return zone.length >= shortestName && message.split(/[^\w-]+/).includes(zone);
}
