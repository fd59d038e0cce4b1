import { text } from 'node:stream/consumers';
import { StackRequest } from '../../src/contracts/stack.ts';
import { runStack } from '../../src/stacks/runner/run-stack.ts';

/** Runs the operation on its standard input, like a provision worker, in a process that a test can kill. */
const request = StackRequest.parse(JSON.parse(await text(process.stdin)));
await runStack(request);
