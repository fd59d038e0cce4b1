/** The small cloud's regions with their zones, and the machine sizes of each region. */
const zones = (region: string) => ['a', 'b', 'c'].map((letter) => `${region}-${letter}`);

export const regions: ReadonlyMap<string, { zones: readonly string[]; sizes: readonly string[] }> = new Map([
  ['home', { zones: zones('home'), sizes: ['local-1', 'local-2', 'local-3', 'local-4'] }],
  ['attic', { zones: zones('attic'), sizes: ['local-1', 'local-2', 'local-3'] }],
]);
