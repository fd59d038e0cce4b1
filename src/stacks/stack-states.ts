import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { ReasonError } from '../contracts/reasons.ts';

/** The content of the engine's state backend, read by the plain CLI; takes no lock and changes nothing. */
export interface StackStates {
  /** Every stack of a private server, by name. */
  list(): Promise<{ stack: string; instanceId: string; changedAt: number }[]>;
  /** Ids at the cloud in the state of a stack; none without a stack. */
  idsOf(stack: string): Promise<string[]>;
}

const prefix = 'inst-';
/** The folder of the project's `Pulumi.yaml`, in which the CLI finds our stacks by their short names. */
export const stackProject = join(import.meta.dirname, 'project');
const timeoutMs = 60_000;

const Listed = z.array(z.object({ name: z.string(), lastUpdate: z.string().optional() }));
const Exported = z.object({
  deployment: z.object({ resources: z.array(z.object({ id: z.string().optional() })).optional() }).nullish(),
});

/**
 * Reads with the CLI under `root`; the backend and its credentials are those of the environment. Errors:
 * `stack_failed`.
 */
export function createStackStates({ root, home }: { root: string; home: string }): StackStates {
  async function run(...args: string[]): Promise<unknown> {
    const env = { ...process.env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: 'true' };
    const options = { cwd: stackProject, env, timeout: timeoutMs, maxBuffer: 256 * 1024 * 1024 };
    try {
      const { stdout } = await promisify(execFile)(
        join(root, 'bin', 'pulumi'),
        [...args, '--non-interactive'],
        options,
      );
      return JSON.parse(stdout);
    } catch (error) {
      const { stderr } = error as { stderr?: string };
      throw new ReasonError('stack_failed', stderr?.slice(-500) || 'the engine gave no answer', { cause: error });
    }
  }

  return {
    async list() {
      const listed = Listed.parse(await run('stack', 'ls', '--all', '--json'));
      return listed
        .flatMap(({ name, lastUpdate }) => {
          const stack = name.split('/').at(-1)!;
          if (!stack.startsWith(prefix)) return [];
          return { stack, instanceId: stack.slice(prefix.length), changedAt: lastUpdate ? Date.parse(lastUpdate) : 0 };
        })
        .sort((a, b) => (a.stack < b.stack ? -1 : 1));
    },
    async idsOf(stack) {
      try {
        const { deployment } = Exported.parse(await run('stack', 'export', '--stack', stack));
        return (deployment?.resources ?? []).flatMap(({ id }) => id ?? []);
      } catch (error) {
        if (error instanceof ReasonError && error.detail?.includes('no stack named')) return [];
        throw error;
      }
    },
  };
}
