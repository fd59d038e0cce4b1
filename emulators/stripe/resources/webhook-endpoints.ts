import type { Stripe } from 'stripe';
import { z } from 'zod';
import { apiVersion, type Context, type Emulator, resource, route } from '../kernel/context.ts';
import { newId, randomText } from '../kernel/ids.ts';
import {
  boolean,
  clearable,
  expand,
  list,
  mergeMetadata,
  metadataChange,
  onlyExpand,
  pagination,
  paramsOf,
  text,
} from '../kernel/params.ts';

const eventName = z
  .string()
  .regex(/^(\*|[a-z_0-9.]{3,80})$/)
  .transform((name) => name as Stripe.WebhookEndpointCreateParams.EnabledEvent);

const CreateParams = paramsOf<Stripe.WebhookEndpointCreateParams>()(
  z.strictObject({
    api_version: z.literal(apiVersion).optional(),
    description: clearable(text()).optional(),
    enabled_events: list(eventName),
    expand: expand.optional(),
    metadata: metadataChange.optional(),
    url: z.url(),
  }),
);
const UpdateParams = paramsOf<Stripe.WebhookEndpointUpdateParams>()(
  z.strictObject({
    description: clearable(text()).optional(),
    disabled: boolean.optional(),
    enabled_events: list(eventName).optional(),
    expand: expand.optional(),
    metadata: metadataChange.optional(),
    url: z.url().optional(),
  }),
);
const ListParams = paramsOf<Stripe.WebhookEndpointListParams>()(z.strictObject(pagination));

/** Webhook endpoints: `/v1/webhook_endpoints`. The signing secret is shown once, in the answer to the creation. */
export const webhookEndpoints = resource<'webhook_endpoint'>({
  object: 'webhook_endpoint',
  routes: [
    route({
      method: 'POST',
      path: '/v1/webhook_endpoints',
      params: CreateParams,
      handle: (ctx, params) => {
        const secret = `whsec_${randomText(32)}`;
        const endpoint = endpointOf(ctx, { id: newId('we'), url: params.url, events: params.enabled_events });
        const described = {
          ...endpoint,
          description: params.description || null,
          metadata: mergeMetadata({}, params.metadata),
        };
        ctx.store.insert(described, { secret });
        return { ...described, secret };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/webhook_endpoints',
      params: ListParams,
      handle: (ctx, cursor) => ctx.store.page('webhook_endpoint', { url: '/v1/webhook_endpoints', cursor }),
    }),
    route({
      method: 'GET',
      path: '/v1/webhook_endpoints/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('webhook_endpoint', id),
    }),
    route({
      method: 'POST',
      path: '/v1/webhook_endpoints/:id',
      params: UpdateParams,
      handle: (ctx, params, { id }) => {
        const endpoint = ctx.store.get('webhook_endpoint', id);
        const changed: Stripe.WebhookEndpoint = {
          ...endpoint,
          metadata: mergeMetadata(endpoint.metadata, params.metadata),
          ...(params.description === undefined ? {} : { description: params.description || null }),
          ...(params.disabled === undefined ? {} : { status: params.disabled ? 'disabled' : 'enabled' }),
          ...(params.enabled_events ? { enabled_events: params.enabled_events } : {}),
          ...(params.url ? { url: params.url } : {}),
        };
        ctx.store.save(changed);
        return changed;
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/webhook_endpoints/:id',
      params: z.strictObject({}),
      handle: (ctx, _params, { id }) => {
        ctx.store.get('webhook_endpoint', id);
        ctx.store.remove(id);
        return { id, object: 'webhook_endpoint', deleted: true };
      },
    }),
  ],
});

/**
 * Keeps one endpoint for all events at the address from the environment. Pending webhooks of an earlier run go to this
 * address.
 */
export function keepConfiguredEndpoint(emulator: Emulator, given: { url: string; secret: string }): void {
  const id = 'we_configured';
  const known = emulator.store.find('webhook_endpoint', id);
  const endpoint = known ? { ...known, url: given.url } : endpointOf(emulator, { id, url: given.url, events: ['*'] });
  if (known) emulator.store.save(endpoint, { secret: given.secret });
  else emulator.store.insert(endpoint, { secret: given.secret });
}

function endpointOf(
  { clock }: Emulator | Context,
  given: { id: string; url: string; events: string[] },
): Stripe.WebhookEndpoint {
  return {
    id: given.id,
    object: 'webhook_endpoint',
    api_version: apiVersion,
    application: null,
    created: clock.seconds(),
    description: null,
    enabled_events: given.events,
    livemode: false,
    metadata: {},
    status: 'enabled',
    url: given.url,
  };
}
