import { enableCompileCache } from 'node:module';

/**
 * An emulated provider, started by the engine instead of the real one: prints its port on standard output and serves
 * until the engine stops it. The executables in `../plugins/` name their cloud.
 */
export async function runDouble(cloud: string): Promise<void> {
  enableCompileCache();
  process.stderr.write(`This is a double of the provider of ${cloud}: nothing is built at a real cloud.\n`);
  const { serveDouble } = await import('./serve-double.ts');
  process.stdout.write(`${await serveDouble(cloud, process.env)}\n`);
}
