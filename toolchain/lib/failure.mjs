/**
 * An error for the reader of a terminal: one sentence that says what is wrong and what to do. Any other error is a
 * defect and keeps its stack.
 *
 * `tail` are the last lines that the failed command wrote, `log` is the file with all of them.
 */
export function setupFailure(sentence, { tail = [], log } = {}) {
  return Object.assign(new Error(sentence), { name: 'SetupFailure', tail, log });
}

/** The text for the terminal, or undefined if the error is not one of ours. */
export function describeFailure(error) {
  if (error?.name !== 'SetupFailure') return undefined;
  const lines = [`freehold: ${error.message}`];
  if (error.tail.length > 0) lines.push('  Its last lines:', ...error.tail.map((line) => `    ${line}`));
  if (error.log) lines.push(`  The full log: ${error.log}`);
  return lines.join('\n');
}
