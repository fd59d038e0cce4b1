import { registerHooks } from 'node:module';

/** Modules that the SDK loads to serialise functions, which our programs never do. */
const closureTools = new Set(['@npmcli/arborist', '../../typescript-shim']);
const absent = 'freehold:closure-tools';

/**
 * Keeps the Pulumi SDK from loading TypeScript and npm's arborist, which it needs only for serialising closures: a
 * third of the processor time of a runner's start. A program that tried it would fail with an error that says so.
 */
export function loadLeanSdk(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const isClosure = context.parentURL?.includes('/@pulumi/pulumi/runtime/closure/') === true;
      if (!isClosure || !closureTools.has(specifier)) return next(specifier, context);
      return { url: absent, format: 'commonjs', shortCircuit: true };
    },
    load(url, context, next) {
      return url === absent ? { format: 'commonjs', source, shortCircuit: true } : next(url, context);
    },
  });
}

// The SDK's import helper reads `__esModule` and `default` while loading.
const source = `
module.exports = new Proxy({ __esModule: true, default: undefined }, {
  get(known, name) {
    if (name in known || typeof name === 'symbol') return known[name];
    throw new Error('stack programs cannot serialise functions: ' + name);
  },
});
`;
