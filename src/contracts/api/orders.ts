import { z } from 'zod';
import { Email } from '../email.ts';
import { InstanceId, OperationId, OrderId, QuoteId } from '../ids.ts';
import { InstanceStatus, OrderState } from '../states.ts';
import { textLine } from '../text-line.ts';
import { Money, SecretText, Time } from './common.ts';
import { Operation, Reason } from './operations.ts';
import { QuotedServer, QuoteLine } from './quotes.ts';

export const OrderRequest = z
  .strictObject({
    quoteId: QuoteId,
    signature: z.string().max(200),
    holdToken: SecretText,
    /** Administrator of the new server: the only address that may sign up on it at first. */
    adminEmail: Email,
    /** The administrator's address when absent. */
    billingEmail: Email.optional(),
    /** The country comes from the quote. */
    billing: z.strictObject({
      name: textLine(120),
      line1: textLine(200).optional(),
      city: textLine(120).optional(),
      postalCode: textLine(20).optional(),
    }),
    paymentMethod: z.enum(['card']),
  })
  .meta({ id: 'OrderRequest' });
export type OrderRequest = z.input<typeof OrderRequest>;

const OrderLinks = z
  .strictObject({
    self: z.string(),
    payment: z.string(),
    events: z.string(),
    cancel: z.string(),
    /**
     * Web page that shows the progress of the order; in the response to a new order its URL contains the capability.
     */
    page: z.string(),
  })
  .meta({ id: 'OrderLinks' });

/** The response to a new order; the same request with the same Idempotency-Key gets exactly this again. */
export const AcceptedOrder = z
  .strictObject({
    id: OrderId,
    instanceId: InstanceId,
    operationId: OperationId,
    state: z.literal('awaiting_payment'),
    /** Secret; as `Authorization: Bearer` it grants reading this order, and cancelling it until the server is ready. */
    capability: SecretText,
    links: OrderLinks,
  })
  .meta({ id: 'AcceptedOrder' });
export type AcceptedOrder = z.infer<typeof AcceptedOrder>;

export const Order = z
  .strictObject({
    id: OrderId,
    instanceId: InstanceId,
    operationId: OperationId,
    state: OrderState,
    /** Who cancelled it or why it ended. */
    reason: Reason.optional(),
    subject: QuotedServer,
    lines: z.array(QuoteLine),
    currency: z.literal('EUR'),
    total: Money,
    /** Amounts paid and given back so far; `paidOutside` is the part of `paid` that did not come through Stripe. */
    paid: Money,
    refunded: Money,
    paidOutside: Money.optional(),
    declines: z.number().int(),
    createdAt: Time,
    endedAt: Time.optional(),
    links: OrderLinks,
  })
  .meta({ id: 'Order' });
export type Order = z.infer<typeof Order>;

export const CartOrdersRequest = z
  .strictObject({
    /** The secret that came with the quotes of the cart. */
    holdToken: SecretText,
  })
  .meta({ id: 'CartOrdersRequest' });

/** An order for whoever has the hold token of its cart. */
export const CartOrder = z
  .strictObject({
    ...Order.shape,
    /** Secret; as `Authorization: Bearer` it grants reading this order, and cancelling it until the server is ready. */
    capability: SecretText,
  })
  .meta({ id: 'CartOrder' });
export type CartOrder = z.infer<typeof CartOrder>;

/** An order with its operation and instance; both are null in the first moments. */
export const OrderDetails = z
  .strictObject({
    ...Order.shape,
    instance: z
      .strictObject({ id: InstanceId, status: InstanceStatus, hostname: z.string(), url: z.string() })
      .nullable(),
    operation: Operation.nullable(),
    /** Declines after which the order ends, without those it had already. */
    triesLeft: z.number().int().nonnegative(),
    /** Who has the hostname: this order or its server, nobody, or somebody else. */
    name: z.strictObject({
      status: z.enum(['held', 'free', 'taken']),
      /** When the hold of an unpaid order ends; every payment attempt extends it. */
      until: Time.optional(),
    }),
  })
  .meta({ id: 'OrderDetails' });
export type OrderDetails = z.infer<typeof OrderDetails>;

/** What a browser needs to confirm the payment at Stripe. */
export const OrderPaymentAnswer = z
  .strictObject({
    /** Null when there is nothing to confirm. */
    clientSecret: z.string().nullable(),
    publishableKey: z.string(),
    apiBase: z.string(),
    amount: Money,
    currency: z.literal('EUR'),
  })
  .meta({ id: 'OrderPayment' });
export type OrderPaymentAnswer = z.infer<typeof OrderPaymentAnswer>;
