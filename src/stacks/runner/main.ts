import { enableCompileCache } from 'node:module';

/**
 * The runner: the child process of one Pulumi operation, leader of a session of its own. It reads one request as a line
 * on standard input, writes `RunnerLine`s on standard output and ends. It may be started long before its request comes;
 * everything is loaded and connected then. When standard input closes, its owner is gone, and it stops its work.
 */
enableCompileCache();
const { runRunner } = await import('./run-runner.ts');
await runRunner();
