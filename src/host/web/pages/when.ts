import { now } from '../../../runtime/clock.ts';
import { type Html, html } from './html.ts';

const units: readonly [unit: Intl.RelativeTimeFormatUnit, ms: number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** "in 42 minutes", "3 hours ago". */
function distance(ms: number): string {
  const [unit, size] = units.find(([, length]) => Math.abs(ms) >= length) ?? units[units.length - 1]!;
  return relative.format(Math.trunc(ms / size), unit);
}

/** A time for people, with the exact one beside it; pages are made by the server, so it is labelled as UTC. */
export function when(iso: string): Html {
  const exact = `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
  return html`<time datetime="${iso}">${distance(Date.parse(iso) - now())} <span class="exact">${exact}</span></time>`;
}
