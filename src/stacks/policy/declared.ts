import { setImmediate } from 'node:timers/promises';
import { Output, type ResourceTransformationArgs } from '@pulumi/pulumi';

/** Stands for a value that only the cloud can provide. */
export const later = Symbol('known later');
/** Stands for a value that the state keeps encrypted. */
export const concealed = Symbol('a secret');

/** A resource as a program declares it, with all inputs that are known before anything is created. */
export interface DeclaredResource {
  /** Type token: `aws:ebs/volume:Volume`. */
  type: string;
  /** Logical name inside of the stack. */
  name: string;
  /** Inputs: plain data, in which `later` and `concealed` replace what cannot or must not be seen. */
  props: Readonly<Record<string, unknown>>;
  protect: boolean;
}

/**
 * Resolves inputs as the program gave them: values, promises and outputs. An output is known if it depends only on
 * computation: whatever has not settled after one turn of the event loop waits for the cloud.
 */
export async function reveal(declared: readonly ResourceTransformationArgs[]): Promise<DeclaredResource[]> {
  const found = declared.map(({ type, name, props, opts }) => ({
    ...{ type, name, protect: opts.protect === true },
    props: resolveNow(props) as () => Record<string, unknown>,
  }));
  await setImmediate();
  return found.map(({ props, ...rest }) => ({ ...rest, props: props() }));
}

/** Internals of an output; `apply` would leave a rejection unhandled. */
interface OutputInternals {
  promise(): Promise<unknown>;
  isSecret: Promise<boolean>;
  isKnown: Promise<boolean>;
}

/** Starts to resolve everything inside a value; the returned function gives what is resolved so far. */
function resolveNow(value: unknown): () => unknown {
  if (Output.isInstance(value)) {
    const inner = value as unknown as OutputInternals;
    const [content, isSecret, isKnown] = [settling(inner.promise()), settling(inner.isSecret), settling(inner.isKnown)];
    return () => {
      if (isSecret() === true) return concealed;
      // A value is not inspected before it is known whether it is secret.
      if (isSecret() === later || isKnown() !== true) return later;
      const known = content();
      return known === later ? later : resolveNow(known)();
    };
  }
  if (value instanceof Promise) {
    const content = settling(value);
    return () => (content() === later ? later : resolveNow(content())());
  }
  if (Array.isArray(value)) {
    const items = value.map(resolveNow);
    return () => items.map((item) => item());
  }
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const entries = Object.entries(value).map(([key, item]) => [key, resolveNow(item)] as const);
    return () => Object.fromEntries(entries.map(([key, item]) => [key, item()]));
  }
  return () => value;
}

function settling<T>(promise: Promise<T>): () => T | typeof later {
  let state: T | typeof later = later;
  promise.then(
    (value) => {
      state = value;
    },
    // The consumer of the value gets the error; here it stays unresolved.
    () => undefined,
  );
  return () => state;
}
