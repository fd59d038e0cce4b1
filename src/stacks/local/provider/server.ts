import { serveProvider } from '../../provider/serve-provider.ts';
import { type CloudClient, CloudError, createCloudClient } from '../cloud-client.ts';
import { type ResourceKind, resourceKinds } from './resources.ts';

/**
 * Begins with the code in brackets, by which `local/private-server.ts` distinguishes quota and outage from other
 * failures.
 */
function describe(error: unknown): string {
  if (error instanceof CloudError) return `[cloud:${error.code}] ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

function kindOf(type: string): ResourceKind {
  const kind = resourceKinds[type];
  if (!kind) throw new Error(`unknown resource type ${type}`);
  return kind;
}

/** Serves the small cloud to the engine, on the port it returns; needs LOCAL_CLOUD_URL and LOCAL_CLOUD_TOKEN. */
export async function serveLocalProvider(env: NodeJS.ProcessEnv): Promise<number> {
  const { LOCAL_CLOUD_URL: url, LOCAL_CLOUD_TOKEN: token } = env;
  let client: CloudClient | undefined;
  function cloud(): CloudClient {
    if (!url || !token) throw new Error('LOCAL_CLOUD_URL and LOCAL_CLOUD_TOKEN must be set');
    client ??= createCloudClient({ url, token });
    return client;
  }
  return serveProvider({
    version: '1.0.0',
    keepsSecrets: true,
    // Names, volumes and addresses belong to one object at a time.
    deletesBeforeReplacing: true,
    check: (type, news, olds) => kindOf(type).check(news, olds),
    diff: (type, { olds, oldInputs, news }) => kindOf(type).diff(olds, oldInputs, news),
    create: (type, urn, inputs) => kindOf(type).create(cloud(), urn, inputs),
    async read(type, id, known) {
      const found = await kindOf(type).read(cloud(), id);
      const isImport = Object.keys(known).length === 0;
      return found && { outputs: found.outputs, inputs: isImport ? found.inputs : null };
    },
    update: (type, id, news, changed) => kindOf(type).update(cloud(), id, news, changed),
    remove: (type, id) => cloud().remove(kindOf(type).kind, id),
    describe,
  });
}
