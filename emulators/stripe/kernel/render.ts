import type { Answer, Context, Resource } from './context.ts';
import { invalidRequest } from './errors.ts';
import type { Stored } from './store.ts';

const maximumDepth = 4;

type Hash = Record<string, unknown>;

/** The object as Stripe shows it, before anything is expanded. */
export function render<Body extends Stored>(ctx: Context, body: Body): Body {
  const shown = ctx.resources.get(body.object)?.render?.(ctx, body) ?? body;
  return shown as Body;
}

/** The answer as Stripe shows it, with the fields that the caller asked to expand. */
export function renderAnswer(ctx: Context, answer: Answer, expand: readonly string[] = []): unknown {
  // A copy, because expanding replaces ids inside nested hashes.
  const shown: Hash = asSent(
    answer.object === 'list' && 'data' in answer
      ? { ...answer, data: answer.data.map((body) => render(ctx, body)) }
      : 'deleted' in answer && answer.deleted
        ? answer
        : render(ctx, answer as Stored),
  );
  for (const path of expand) {
    const parts = path.split('.');
    const depth = parts.filter((part) => part !== 'data').length;
    if (depth > maximumDepth) {
      throw invalidRequest({
        message: `You cannot expand more than ${maximumDepth} levels of a property`,
        param: 'expand',
      });
    }
    expandAt(ctx, shown, parts, { path, place: { resource: undefined, inside: '' } });
  }
  return shown;
}

/** The position of an expansion in an object: the object's own resource, and the dotted path inside it so far. */
interface Place {
  resource: Resource | undefined;
  inside: string;
}

function expandAt(
  ctx: Context,
  value: unknown,
  parts: readonly string[],
  { path, place }: { path: string; place: Place },
): void {
  if (Array.isArray(value)) {
    for (const element of value) expandAt(ctx, element, parts, { path, place });
    return;
  }
  const [part, ...rest] = parts;
  if (part === undefined || !isHash(value)) return;
  if (value.object === 'list') {
    if (part !== 'data') throw cannotExpand(path);
    expandAt(ctx, value.data, rest, { path, place });
    return;
  }
  const starts = typeof value.object === 'string';
  const resource = starts ? ctx.resources.get(String(value.object)) : place.resource;
  const inside = starts || place.inside === '' ? part : `${place.inside}.${part}`;
  const included = resource?.included?.[part];
  const reference = resource?.expandable?.includes(inside) ?? false;
  const onTheWay = resource?.expandable?.some((known) => known.startsWith(`${inside}.`)) ?? false;
  if (included && value[part] === undefined) {
    value[part] = asSent(renderInner(ctx, included(ctx, value as unknown as Stored)));
  } else if (reference) {
    const load = (held: unknown) => (typeof held === 'string' ? (lookUp(ctx, held) ?? held) : held);
    value[part] = Array.isArray(value[part]) ? value[part].map(load) : load(value[part]);
  } else if (rest.length === 0 || (!onTheWay && typeof value[part] !== 'object')) {
    throw cannotExpand(path);
  }
  expandAt(ctx, value[part], rest, { path, place: { resource, inside } });
}

function lookUp(ctx: Context, id: string): unknown {
  const found = ctx.store.findAny(id);
  if (!found) return undefined;
  return found.deleted ? { id, object: found.body.object, deleted: true } : asSent(render(ctx, found.body));
}

function renderInner(ctx: Context, value: unknown): unknown {
  if (!isHash(value) || value.object !== 'list') return value;
  return { ...value, data: (value.data as Stored[]).map((body) => render(ctx, body)) };
}

function cannotExpand(path: string) {
  return invalidRequest({ message: `This property cannot be expanded (${path}).`, param: 'expand' });
}

/** The value as received: decimals become strings. */
function asSent<Value>(value: Value): Value extends object ? Hash : Value {
  return JSON.parse(JSON.stringify(value));
}

function isHash(value: unknown): value is Hash {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
