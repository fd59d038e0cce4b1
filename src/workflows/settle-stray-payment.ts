import { control } from './lib/activities.ts';

/** Money that came after its order had ended: `billing/stray/<payment intent>` settles it and leaves an audit entry. */
export async function settleStrayPayment(stray: { paymentIntentId: string; orderId: string }): Promise<void> {
  await control().settleStrayPayment(stray);
}
