/** Colours are `#rrggbb`; contrast as WCAG 2 defines it. */

const white = '#ffffff';
const ink = '#10201b';

function channels(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function luminance(colour: string): number {
  const [r, g, b] = channels(colour).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast of two colours, 1 to 21. */
export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** A readable text colour on a background: white or ink, whichever has more contrast. */
export function textOn(background: string): string {
  return contrast(white, background) >= contrast(ink, background) ? white : ink;
}

function mix(colour: string, other: string, share: number): string {
  const target = channels(other);
  const mixed = channels(colour).map((channel, index) => Math.round(channel + (target[index]! - channel) * share));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

/**
 * A shade of the colour that is readable as text on a background: the first with a contrast of 4.5, towards black on a
 * light background and towards white on a dark one.
 */
export function readableOn(background: string, colour: string): string {
  const towards = luminance(background) > 0.18 ? '#000000' : white;
  for (let share = 0; share < 1; share += 0.05) {
    const shade = mix(colour, towards, share);
    if (contrast(shade, background) >= 4.5) return shade;
  }
  return towards;
}
