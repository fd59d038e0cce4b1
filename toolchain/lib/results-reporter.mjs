import { writeFileSync } from 'node:fs';

/** A jest reporter that writes the results for `toolchain/test.mjs` to the JSON file named by its option `to`. */
export default class ResultsReporter {
  constructor(_jest, { to }) {
    this.to = to;
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, testResults }) {
    const files = testResults.map((file) => ({
      path: file.testFilePath,
      broken: Boolean(file.testExecError),
      skipped: file.testResults.filter(({ status }) => /pending|todo/.test(status)).map(({ fullName }) => fullName),
    }));
    writeFileSync(this.to, JSON.stringify({ passed: numPassedTests, failed: numFailedTests, files }));
  }
}
