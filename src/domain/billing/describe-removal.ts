import type { OrderDetails } from '../../contracts/api/orders.ts';
import type { Removable } from '../../contracts/api/removal-facts.ts';
import { textsOf } from '../../texts/texts.ts';

const { removal: texts } = textsOf('en');

export type NameStatus = OrderDetails['name']['status'];

/** What is still being removed, as a sentence; undefined when nothing is left. */
export function removingText(removing: readonly Removable[]): string | undefined {
  if (removing.length === 0) return undefined;
  return texts.still({ things: removing.map((thing) => texts.things[thing]).join(', ') });
}

/** What became of the name of an order that ended, as a sentence. */
export function nameText({ name, hostname }: { name: NameStatus; hostname: string }): string {
  const { held, free, taken } = texts.name;
  return name === 'held' ? held({ hostname }) : { free, taken }[name];
}
