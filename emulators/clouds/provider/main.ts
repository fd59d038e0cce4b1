import { enableCompileCache } from 'node:module';

/**
 * A provider's double, started by the engine in place of the real provider: prints its port on standard output and serves
 * until the engine ends it. The executables in `../plugins/` name their cloud.
 */
export async function runDouble(cloud: string): Promise<void> {
  enableCompileCache();
  process.stderr.write(`This is a double of the provider of ${cloud}: nothing is built at a real cloud.\n`);
  const { serveDouble } = await import('./serve-double.ts');
  process.stdout.write(`${await serveDouble(cloud, process.env)}\n`);
}
