/**
 * `npm run bench -- NAME`: benchmarks as commands, one file each. They print what they measured in one run on this
 * machine; compare ratios, not absolute times.
 */
const benches: Record<string, () => Promise<void>> = {
  order: async () => (await import('./order.ts')).benchOrder(),
  licence: async () => (await import('./licence.ts')).benchLicence(),
};

const [name = ''] = process.argv.slice(2);
const bench = benches[name];
if (!bench) {
  process.stderr.write(`Which benchmark? npm run bench -- ${Object.keys(benches).join('|')}\n`);
  process.exitCode = 1;
} else {
  await bench();
}
