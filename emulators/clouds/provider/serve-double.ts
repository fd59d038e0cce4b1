import { type Properties, same } from '../../../src/stacks/provider/properties.ts';
import { serveProvider } from '../../../src/stacks/provider/serve-provider.ts';
import { checkInputs } from '../check-inputs.ts';
import { valuesAt } from '../paths.ts';
import { schemaOf } from '../schema/schema-of.ts';
import { tableOf } from '../tables.ts';
import { createDoubleClient } from './client.ts';

/**
 * Replaces a cloud's real provider: the engine finds it under the provider's name on PATH. It is a client of the
 * emulated cloud, and says so in its version and when it starts.
 */
export async function serveDouble(cloud: string, env: NodeJS.ProcessEnv): Promise<number> {
  const { LOCAL_CLOUD_URL: url, LOCAL_CLOUD_TOKEN: token } = env;
  if (!url || !token) throw new Error('LOCAL_CLOUD_URL and LOCAL_CLOUD_TOKEN must be set');
  const table = tableOf(cloud);
  const client = createDoubleClient({ url, token, cloud });
  const schema = schemaOf(table, env);
  // Awaited by the first check; the engine does not wait that long for a provider to serve.
  schema.catch(() => undefined);
  let region = '';

  const present = (bag: Properties) =>
    Object.fromEntries(Object.entries(bag).filter(([, value]) => value !== undefined && value !== null));
  const regionOf = (inputs: Properties) => (typeof inputs.region === 'string' ? inputs.region : region);

  return serveProvider({
    version: '0.0.0-double',
    keepsSecrets: false,
    deletesBeforeReplacing: false,
    configure(settings) {
      region = String(settings.region ?? '');
    },
    check: async (type, news) => checkInputs(await schema, type, news),
    diff(type, { oldInputs, news }) {
      const paths = table.types[type]?.replaces ?? [];
      const names = [...new Set([...Object.keys(oldInputs), ...Object.keys(news)])];
      const changed = names.filter((name) => !same(oldInputs[name], news[name]));
      const isReplacing = (name: string) =>
        paths.some((path) => path.split(/[.[]/)[0] === name && !same(valuesAt(oldInputs, path), valuesAt(news, path)));
      return {
        replaces: changed.filter(isReplacing),
        updates: changed.filter((name) => !isReplacing(name)),
      };
    },
    async create(type, _urn, inputs) {
      const { id, properties } = await client.create(type, regionOf(inputs), present(inputs));
      return { id, outputs: properties };
    },
    async read(type, id, known) {
      const found = await client.read(type, id);
      if (!found) return null;
      // A refresh compares the program's inputs; values added by the cloud are no inputs.
      const names = Object.keys(known).length > 0 ? Object.keys(known) : Object.keys(found.inputs);
      const inputs = Object.fromEntries(
        names.flatMap((name) => (name in found.inputs ? [[name, found.inputs[name]]] : [])),
      );
      return { outputs: found.properties, inputs };
    },
    async update(type, id, news) {
      return (await client.change(type, id, present(news))).properties;
    },
    async remove(type, id) {
      await client.remove(type, id);
    },
    invoke: (token, args) => client.invoke(token, regionOf(args), args),
    describe: (error) => (error instanceof Error ? error.message : String(error)),
  });
}
