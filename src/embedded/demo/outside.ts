import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { doubledClouds } from '../../../emulators/clouds/environment.ts';
import { LicenceView } from '../../licence/protocol/admin.ts';
import { kinds } from '../../stacks/local/cloud-api.ts';
import type { Platform } from '../platform.ts';
import { projectRoot } from '../processes.ts';

/**
 * The external view of an order: asked of Stripe, the cloud, Pulumi's state, the licence server and the mailbox
 * themselves, never of our own records.
 */
export function createOutside(platform: Platform) {
  const { urls, keys, env } = platform;

  async function read<T>(schema: z.ZodType<T>, url: string, token?: string): Promise<T> {
    const answer = await fetch(url, token ? { headers: { authorization: `Bearer ${token}` } } : {});
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    return schema.parse(await answer.json());
  }
  async function emulated(cloud: string, query = ''): Promise<string[]> {
    const url = `${urls.cloud}/v1/doubles/${cloud}/objects${query}`;
    const found = await read(z.array(Emulated), url, keys['cloud-token']);
    return found.map(({ type, id }) => `${type.split(':').at(-1)} ${id}`);
  }
  const stripe = <T>(schema: z.ZodType<T>, path: string) =>
    read(z.object({ data: z.array(schema) }), `${urls.stripe}/v1/${path}`, keys['stripe-secret-key']);

  return {
    /** Stripe's view of an order: what was taken and refunded in cents, and active subscriptions and open invoices. */
    async money(orderId: string) {
      const all = (await stripe(Subscription, 'subscriptions?status=all&limit=100')).data;
      const own = all.filter(({ metadata }) => metadata.freehold_order === orderId);
      const sums = { taken: 0, refunded: 0, live: 0, open: 0 };
      for (const { id, status } of own) {
        if (!['canceled', 'incomplete_expired'].includes(status)) sums.live += 1;
        const invoices = (await stripe(Invoice, `invoices?subscription=${id}&limit=100`)).data;
        sums.open += invoices.filter((invoice) => invoice.status === 'open' || invoice.status === 'draft').length;
        for (const invoice of invoices) {
          const payments = (await stripe(InvoicePayment, `invoice_payments?invoice=${invoice.id}&limit=100`)).data;
          for (const { payment } of payments) {
            const charges = (await stripe(Charge, `charges?payment_intent=${payment.payment_intent}&limit=100`)).data;
            for (const charge of charges.filter(({ paid }) => paid)) {
              sums.taken += charge.amount;
              sums.refunded += charge.amount_refunded;
            }
          }
        }
      }
      return sums;
    },
    /** Objects of every cloud with the instance's tag, as `kind name`; of an emulated cloud as `kind id`. */
    async cloudObjects(instanceId: string): Promise<string[]> {
      const tag = encodeURIComponent(`freehold:instance=${instanceId}`);
      const lists = await Promise.all(
        kinds.map(async (kind) => {
          const found = await read(z.array(Named), `${urls.cloud}/v1/${kind}?tag=${tag}`, keys['cloud-token']);
          return found.map(({ name }) => `${kind} ${name}`);
        }),
      );
      const doubles = await Promise.all(doubledClouds.map((cloud) => emulated(cloud, `?tag=${tag}`)));
      return [...lists.flat(), ...doubles.flat()];
    },
    /** All objects of an emulated cloud, whatever their creator and tags, as `kind id`. */
    allObjectsAt: (cloud: string): Promise<string[]> => emulated(cloud),
    /** Hostnames of every server at the cloud. */
    async hostnames(): Promise<string[]> {
      const records = await read(z.array(Named), `${urls.cloud}/v1/records`, keys['cloud-token']);
      return records.map(({ name }) => name);
    },
    /** Names of the servers' stacks in Pulumi's state, by the plain CLI. */
    async stacks(): Promise<string[]> {
      const { stdout } = await promisify(execFile)(
        join(env.PULUMI_ROOT!, 'bin', 'pulumi'),
        ['stack', 'ls', '--all', '--json', '--non-interactive'],
        {
          cwd: join(projectRoot, 'src', 'stacks', 'project'),
          env: {
            PATH: process.env.PATH,
            HOME: env.PULUMI_HOME,
            PULUMI_HOME: env.PULUMI_HOME,
            PULUMI_BACKEND_URL: env.PULUMI_BACKEND_URL,
            PULUMI_CONFIG_PASSPHRASE_FILE: env.PULUMI_CONFIG_PASSPHRASE_FILE,
            PULUMI_SKIP_UPDATE_CHECK: 'true',
          },
        },
      );
      return z
        .array(Named)
        .parse(JSON.parse(stdout))
        .map(({ name }) => name.split('/').at(-1)!)
        .filter((name) => name.startsWith('inst-'));
    },
    /** Licences issued for an instance. */
    async licences(instanceId: string): Promise<LicenceView[]> {
      const url = `${urls.licence}/v1/admin/licenses?externalRef=${instanceId}`;
      return (await read(z.object({ licenses: z.array(LicenceView) }), url, keys['licence-admin-token'])).licenses;
    },
    /** Mails of an order, by its id in their Message-ID. */
    async mails(orderId: string): Promise<CaughtMail[]> {
      const { messages } = await read(z.object({ messages: z.array(CaughtMail) }), `${urls.mailbox}/messages`);
      return messages.filter(({ messageId }) => messageId.includes(orderId));
    },
    /** Makes the cloud's next hosts unresponsive, or slow to start. */
    async setCloudFault(fault: Record<string, unknown>): Promise<void> {
      const answer = await fetch(`${urls.cloud}/v1/faults`, {
        method: 'POST',
        headers: { authorization: `Bearer ${keys['cloud-token']}`, 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      });
      if (!answer.ok) throw new Error(`the cloud refused the fault with ${answer.status}`);
    },
    async clearCloudFaults(): Promise<void> {
      const headers = { authorization: `Bearer ${keys['cloud-token']}` };
      await fetch(`${urls.cloud}/v1/faults`, { method: 'DELETE', headers });
    },
  };
}
export type Outside = ReturnType<typeof createOutside>;

const Named = z.object({ name: z.string() });
const Emulated = z.object({ type: z.string(), id: z.string() });
const Subscription = z.object({
  id: z.string(),
  status: z.string(),
  metadata: z.record(z.string(), z.string()),
});
const Invoice = z.object({ id: z.string(), status: z.string().nullable() });
const InvoicePayment = z.object({ payment: z.object({ payment_intent: z.string() }) });
const Charge = z.object({ amount: z.number(), amount_refunded: z.number(), paid: z.boolean() });
const CaughtMail = z.object({ id: z.number(), messageId: z.string(), to: z.array(z.string()), subject: z.string() });
export type CaughtMail = z.infer<typeof CaughtMail>;
