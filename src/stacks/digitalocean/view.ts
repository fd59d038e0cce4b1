import { z } from 'zod';
import { type CloudView, firstSource, restClient } from '../cloud-view.ts';
import { digitaloceanAccess } from './api.ts';
import { digitaloceanReasonOf } from './errors.ts';
import { digitaloceanScopes, readable } from './permissions.ts';

const Account = z.object({ account: z.object({ uuid: z.string(), email: z.string().optional() }) });
const Sizes = z.object({
  sizes: z.array(z.object({ slug: z.string(), regions: z.array(z.string()), available: z.boolean() })),
});

/** DigitalOcean through its API; its provider also reads `DIGITALOCEAN_API_URL`. */
export function digitaloceanView(env: NodeJS.ProcessEnv): CloudView {
  const { base, token } = digitaloceanAccess(env);
  const ask = restClient({ token: async () => token ?? '', reasonOf: digitaloceanReasonOf });
  let sizes: Promise<z.infer<typeof Sizes>> | undefined;

  return {
    credentials: firstSource([
      [env.DIGITALOCEAN_TOKEN, 'environment (DIGITALOCEAN_TOKEN)'],
      [env.DIGITALOCEAN_ACCESS_TOKEN, 'environment (DIGITALOCEAN_ACCESS_TOKEN)'],
      [token, 'file (DIGITALOCEAN_TOKEN_FILE)'],
    ]),
    actions: digitaloceanScopes,
    async identity() {
      const { account } = Account.parse((await ask(`${base}/v2/account`)).body);
      return `account ${account.uuid}`;
    },
    async permissions() {
      const checks = Object.entries(readable).map(async ([scope, path]) => {
        const { status } = await ask(base + path, { allowed: [403] });
        return status === 403 ? scope : null;
      });
      const missing = (await Promise.all(checks)).filter((scope) => scope !== null);
      return { missing, unchecked: digitaloceanScopes.filter((scope) => !(scope in readable)) };
    },
    async sizesIn(region, wanted) {
      sizes ??= ask(`${base}/v2/sizes?per_page=200`).then(({ body }) => Sizes.parse(body));
      const offered = (await sizes).sizes.filter(({ available, regions }) => available && regions.includes(region));
      return offered.map(({ slug }) => slug).filter((slug) => wanted.includes(slug));
    },
    close: () => undefined,
  };
}
