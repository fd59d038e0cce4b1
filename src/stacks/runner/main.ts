import { enableCompileCache } from 'node:module';

/**
 * The runner: the child process of one Pulumi operation, leader of its own session. It reads one request as a line on
 * standard input, writes `RunnerLine`s on standard output and exits. It may be started long before its request arrives
 * and then loads and connects in advance. When standard input closes, its owner is gone, and it stops its work.
 */
enableCompileCache();
const { runRunner } = await import('./run-runner.ts');
await runRunner();
