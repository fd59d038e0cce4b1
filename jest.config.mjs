/**
 * Jest in ESM mode over TypeScript sources. Node must run it with `--experimental-vm-modules`.
 *
 * Groups are chosen by path (`test/engine`, `test/e2e`, …); `toolchain/test.mjs` decides their order and how many
 * workers each gets. Types are stripped, never checked: `npm run check` does that.
 */
export default {
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/test'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript' },
          // Imports survive exactly as Node's own type stripping leaves them.
          transform: { verbatimModuleSyntax: true },
        },
      },
    ],
  },
  maxWorkers: 2,
  // Long enough for a busy machine; a test that waits for more than that says so itself.
  testTimeout: 60_000,
};
