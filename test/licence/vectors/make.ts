/**
 * Regenerates the test vectors of the licence protocol, from the real server and client with fixed keys, ids and clock,
 * and the examples of docs/licence-protocol.md from them: `node test/licence/vectors/make.ts`. With `--print` it writes
 * nothing and prints the vectors. Needs a database as the tests do (test/support/database.ts).
 */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');
const fixed = new URL('fixed.ts', import.meta.url).href;
const replaced = ['src/runtime/clock.ts', 'src/licence/server/ids.ts'].map(
  (file) => new URL(`../../../${file}`, import.meta.url).href,
);
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    return replaced.includes(found.url) ? { ...found, url: fixed } : found;
  },
});
process.env.FREEHOLD_LOG_LEVEL = 'silent';

const { recordVectors } = await import('./record.ts');
const vectors = await recordVectors();
if (process.argv.includes('--print')) {
  process.stdout.write(JSON.stringify(vectors));
} else {
  const { fillGuide, guideFile, vectorsFile } = await import('./guide.ts');
  await writeFile(vectorsFile, JSON.stringify(vectors, null, 2));
  const formatted = spawnSync(join(root, 'node_modules/.bin/biome'), ['format', '--write', vectorsFile], {
    cwd: root,
    stdio: 'inherit',
  });
  if (formatted.status !== 0) throw new Error('The vectors could not be formatted.');
  await writeFile(guideFile, fillGuide(await readFile(guideFile, 'utf8'), vectors));
}
