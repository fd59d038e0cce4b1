import { registerHooks } from 'node:module';

/** What the SDK loads to turn functions of a program into text, which our programs never ask for. */
const closureTools = new Set(['@npmcli/arborist', '../../typescript-shim']);
const absent = 'freehold:closure-tools';

/**
 * Keeps the Pulumi SDK from loading TypeScript and npm's arborist: a third of the processor time that a runner needs to
 * start, for serialising closures. A program that tried that would fail with a sentence that says so.
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

// `__esModule` and `default` are read while the SDK loads, by its import helper.
const source = `
module.exports = new Proxy({ __esModule: true, default: undefined }, {
  get(known, name) {
    if (name in known || typeof name === 'symbol') return known[name];
    throw new Error('stack programs cannot serialise functions: ' + name);
  },
});
`;
