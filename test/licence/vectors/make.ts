/**
 * Regenerates the test vectors of the licence protocol, from the real server and client with fixed keys, ids and clock,
 * and the examples and tables of docs/licence-protocol.md and docs/licence-server.md from them: `node
 * test/licence/vectors/make.ts`. With `--print` it writes nothing and prints the vectors; with `--pages` it takes the
 * vectors as they are and writes the pages. Needs a database as the tests do (test/support/database.ts), but not for
 * the pages.
 */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import type { Vectors } from './shape.ts';

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

const { fillGuide, guideFile, serverPageFile, vectorsFile } = await import('./guide.ts');

async function recorded(): Promise<Vectors> {
  const { recordVectors } = await import('./record.ts');
  return recordVectors();
}

async function writeVectors(vectors: Vectors): Promise<void> {
  await writeFile(vectorsFile, JSON.stringify(vectors, null, 2));
  const formatted = spawnSync(join(root, 'node_modules/.bin/biome'), ['format', '--write', vectorsFile], {
    cwd: root,
    stdio: 'inherit',
  });
  if (formatted.status !== 0) throw new Error('The vectors could not be formatted.');
}

if (process.argv.includes('--print')) {
  process.stdout.write(JSON.stringify(await recorded()));
} else {
  const pagesOnly = process.argv.includes('--pages');
  const vectors = pagesOnly ? (JSON.parse(await readFile(vectorsFile, 'utf8')) as Vectors) : await recorded();
  if (!pagesOnly) await writeVectors(vectors);
  for (const page of [guideFile, serverPageFile]) {
    await writeFile(page, fillGuide(await readFile(page, 'utf8'), vectors));
  }
}
