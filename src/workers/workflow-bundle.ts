import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Runtime, type WorkflowBundleOption } from '@temporalio/worker';

const source = fileURLToPath(new URL('..', import.meta.url));
const workflowsPath = join(source, 'workflows', 'workflows.ts');
/** Folders whose code may be in the bundle: those that the import rules let workflows import as values. */
const bundled = ['workflows', 'domain', 'contracts', 'texts'];

/**
 * The product's workflows as one bundle. With a cache folder it is built once per state of the sources and version of
 * the SDK, which must match the worker's; without one every start builds it, about 3 s of CPU.
 */
export async function workflowBundle(cacheFolder: string | undefined): Promise<WorkflowBundleOption> {
  if (cacheFolder === undefined) return bundle();
  const codePath = join(cacheFolder, `workflows-${await fingerprint()}.js`);
  if (!(await stat(codePath).catch(() => undefined))) {
    const { code } = await bundle();
    await mkdir(cacheFolder, { recursive: true });
    const draft = `${codePath}.${process.pid}`;
    await writeFile(draft, code);
    await rename(draft, codePath);
  }
  return { codePath };
}

/** Its messages go where those of the SDK go. */
function bundle() {
  return bundleWorkflowCode({ workflowsPath, logger: Runtime.instance().logger });
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  hash.update(createRequire(import.meta.url)('@temporalio/worker/package.json').version);
  for (const folder of bundled) {
    const entries = await readdir(join(source, folder), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort())
      hash
        .update(relative(source, file))
        .update('\0')
        .update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 24);
}
