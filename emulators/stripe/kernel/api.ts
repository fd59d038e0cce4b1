import { setTimeout as pause } from 'node:timers/promises';
import { apiVersion, type Context, type Emulator, type Route } from './context.ts';
import { invalidRequest, StripeError } from './errors.ts';
import type { HttpFault } from './faults.ts';
import { decodeForm } from './form.ts';
import type { Call, Idempotency } from './idempotency.ts';
import { newId } from './ids.ts';
import { parseParams } from './params.ts';
import { renderAnswer } from './render.ts';

/** One request to `/v1/…`, at the HTTP level. */
export interface ApiRequest {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string | undefined>;
  body: string;
}

export interface ApiAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

interface Outcome {
  status: number;
  body: string;
}

/**
 * Answers one request as Stripe does: rate limit, key, version, route, idempotency, parameters, work, rendering. The
 * work and its stored answer are one transaction, so a killed process never has one without the other.
 */
export function createApi(emulator: Emulator, idempotency: Idempotency) {
  const routes = [...emulator.resources.values()].flatMap((resource) => resource.routes).map(compile);

  return async (request: ApiRequest): Promise<ApiAnswer> => {
    const requestId = newId('req');
    const headers: Record<string, string> = { 'request-id': requestId, 'stripe-version': apiVersion };
    const key = request.method === 'POST' ? request.headers['idempotency-key'] : undefined;
    if (key) headers['idempotency-key'] = key;
    const call: Call | undefined = key
      ? { key, endpoint: `${request.method} ${request.path}`, body: request.body }
      : undefined;
    let begun = false;
    try {
      const publishable = checkKey(emulator, request);
      checkVersion(request.headers['stripe-version']);
      const found = match(routes, request);
      if (publishable && !found.route.publishable) throw secretKeyRequired();
      if (call && call.key.length > 255)
        throw invalidRequest({ message: 'Idempotency keys can be at most 255 characters long.' });
      const kept = call && idempotency.begin(call);
      if (kept) {
        return {
          status: kept.status,
          headers: { ...headers, 'idempotent-replayed': 'true', 'original-request': kept.request },
          body: kept.body,
        };
      }
      begun = call !== undefined;
      const form = decodeForm([request.query, request.body].filter((part) => part !== '').join('&'));
      if (!form) throw invalidRequest({ message: 'Invalid request: the parameters are no well-formed form.' });
      const fault = emulator.faults.take(request);
      if (fault?.delayMs) await pause(fault.delayMs);
      if (fault?.status === 429) throw rateLimited();
      if (fault?.status === 401 || fault?.status === 403) throw keyRefused(fault.status);
      const params = parseParams(found.route.params, form);
      const ctx: Context = { ...emulator, request: { id: requestId, idempotency_key: key ?? null }, publishable };
      const outcome = work({
        ctx,
        ...found,
        params,
        fault,
        keep: (answer) => call && idempotency.keep(call, { ...answer, request: requestId }),
      });
      return { ...outcome, headers };
    } catch (error) {
      if (!(error instanceof StripeError)) throw error;
      return { ...refused(error), headers };
    } finally {
      if (begun && call) idempotency.end(call.key);
      emulator.deliveries.wake();
    }
  };
}

function work({
  ctx,
  route,
  path,
  params,
  fault,
  keep,
}: {
  ctx: Context;
  route: Route;
  path: Record<string, string>;
  params: unknown;
  fault: HttpFault | undefined;
  keep: (outcome: Outcome) => void;
}): Outcome {
  const finish = (outcome: Outcome) => {
    const shown = fault?.status === 500 ? refused(broken()) : outcome;
    keep(shown);
    return shown;
  };
  try {
    if (fault?.status === 500 && fault.commit === 'before') throw broken();
    return ctx.database.transaction(() => {
      try {
        const answer = route.handle(ctx, params, path);
        const expand = (params as { expand?: string[] }).expand;
        return finish({ status: 200, body: JSON.stringify(renderAnswer(ctx, answer, expand), null, 2) });
      } catch (error) {
        if (error instanceof StripeError && error.keep) return finish(refused(error));
        throw error;
      }
    });
  } catch (error) {
    if (!(error instanceof StripeError)) ctx.log.error({ err: error, request: ctx.request.id }, 'request failed');
    const outcome = refused(error instanceof StripeError ? error : broken());
    keep(outcome);
    return outcome;
  }
}

function refused(error: StripeError): Outcome {
  return { status: error.status, body: JSON.stringify({ error: error.detail }, null, 2) };
}

function broken(): StripeError {
  return new StripeError(500, {
    type: 'api_error',
    message: 'An unknown error occurred. (Freehold Stripe emulator)',
  });
}

function rateLimited(): StripeError {
  return new StripeError(429, {
    type: 'invalid_request_error',
    code: 'rate_limit',
    message: 'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.',
  });
}

function keyRefused(status: 401 | 403): StripeError {
  return new StripeError(status, {
    type: 'invalid_request_error',
    message:
      status === 401
        ? 'Invalid API Key provided: sk_test_********hold'
        : "The provided key 'rk_test_********hold' does not have the required permissions for this endpoint.",
  });
}

function secretKeyRequired(): StripeError {
  return new StripeError(401, {
    type: 'invalid_request_error',
    code: 'secret_key_required',
    message: 'This API call cannot be made with a publishable API key. Please use a secret API key.',
  });
}

/** Whether the caller's key is a publishable one; 401 if it is missing or wrong. */
function checkKey({ config }: Emulator, request: ApiRequest): boolean {
  const [scheme, credentials = ''] = (request.headers.authorization ?? '').split(' ');
  const key = scheme === 'Basic' ? Buffer.from(credentials, 'base64').toString().split(':')[0]! : credentials;
  if (key === '') {
    throw new StripeError(401, {
      type: 'invalid_request_error',
      message:
        'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.',
    });
  }
  if (config.secretKey ? key === config.secretKey : key.startsWith('sk_test_')) return false;
  if (config.publishableKey ? key === config.publishableKey : key.startsWith('pk_test_')) return true;
  throw new StripeError(401, {
    type: 'invalid_request_error',
    message: `Invalid API Key provided: ${key.slice(0, 8)}${'*'.repeat(8)}. This is an emulator: it takes the test keys it was started with.`,
  });
}

function checkVersion(version: string | undefined): void {
  if (version === undefined || version === apiVersion) return;
  throw invalidRequest({
    message: /^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$/.test(version)
      ? `This emulator renders only Stripe's API version ${apiVersion}, not ${version}.`
      : `Invalid Stripe API version: ${version}`,
  });
}

type CompiledRoute = Route & { pattern: RegExp };

function compile(route: Route): CompiledRoute {
  return { ...route, pattern: new RegExp(`^${route.path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`) };
}

function match(routes: CompiledRoute[], { method, path }: ApiRequest): { route: Route; path: Record<string, string> } {
  for (const route of routes) {
    if (route.method !== method) continue;
    const matched = route.pattern.exec(path);
    if (matched) return { route, path: { ...matched.groups } };
  }
  throw new StripeError(404, {
    type: 'invalid_request_error',
    message: `Unrecognized request URL (${method}: ${path}). The Freehold Stripe emulator knows no such request.`,
  });
}
