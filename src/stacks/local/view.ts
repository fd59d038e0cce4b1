import { z } from 'zod';
import { type CloudView, restClient } from '../cloud-view.ts';
import { localStacks } from './private-server.ts';

const Regions = z.array(z.object({ name: z.string(), sizes: z.array(z.string()) }));

/** The small cloud; its token permits everything. */
export function localView(env: NodeJS.ProcessEnv): CloudView {
  const { LOCAL_CLOUD_URL: url, LOCAL_CLOUD_TOKEN: token } = env;
  const ask = restClient({ token: async () => token ?? '', reasonOf: localReasonOf });
  const regions = async () => Regions.parse((await ask(`${url}/v1/regions`)).body);
  return {
    credentials: url && token ? 'LOCAL_CLOUD_TOKEN' : null,
    actions: [],
    async identity() {
      await regions();
      return 'the small cloud of this machine';
    },
    permissions: async () => ({ missing: [], unchecked: [] }),
    sizesIn: async (region) => (await regions()).find(({ name }) => name === region)?.sizes ?? [],
    close: () => undefined,
  };
}

/** Its error responses carry the code that its provider puts in brackets. */
function localReasonOf(message: string) {
  const code = /"code":"([a-z_]+)"/.exec(message)?.[1];
  return code ? localStacks.reasonOf(`[cloud:${code}]`) : null;
}
