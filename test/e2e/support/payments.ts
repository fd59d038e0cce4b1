import { z } from 'zod';
import type { Purchase } from './purchase.ts';
import type { World } from './world.ts';

const Subscriptions = z.object({
  data: z.array(z.object({ id: z.string(), customer: z.string(), metadata: z.record(z.string(), z.string()) })),
});
const Intents = z.object({
  data: z.array(z.object({ id: z.string(), status: z.string(), customer: z.string().nullable() })),
});

/** The number of an order's subscriptions at Stripe and of its customer's payment intents. */
export async function paymentsOf({ platform }: World, { order }: Purchase) {
  const read = async <T>(schema: z.ZodType<T>, path: string) => {
    const headers = { authorization: `Bearer ${platform.keys['stripe-secret-key']}` };
    const answer = await fetch(`${platform.urls.stripe}/v1/${path}`, { headers });
    return schema.parse(await answer.json());
  };
  const { data } = await read(Subscriptions, 'subscriptions?status=all&limit=100');
  const own = data.filter(({ metadata }) => metadata.freehold_order === order.id);
  const { data: intents } = await read(Intents, `payment_intents?customer=${own[0]?.customer}&limit=100`);
  return {
    subscriptions: own.length,
    intents: intents.map(({ id }) => id),
    paymentIntents: intents.length,
    paid: intents.filter(({ status }) => status === 'succeeded').length,
  };
}
