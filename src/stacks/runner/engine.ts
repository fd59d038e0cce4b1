import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  CommandError,
  LocalWorkspace,
  type ProjectSettings,
  PulumiCommand,
  type PulumiFn,
  Stack,
  StackNotFoundError,
} from '@pulumi/pulumi/automation/index.js';
import type { CloudStacks } from '../private-server.ts';
import type { RunnerSettings } from './settings.ts';

/** Environment that keeps the engine from update checks and other network access of its own. */
const closedNetwork = {
  PULUMI_SKIP_UPDATE_CHECK: 'true',
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
  PULUMI_DISABLE_REGISTRY_RESOLVE: 'true',
};

/** A call of the CLI that failed. */
class EngineError extends Error {
  override readonly name = 'EngineError';
}

/** Whether a call of the CLI failed on the engine's own lock; the Automation API recognises it by the same text. */
export function isLocked(error: unknown): boolean {
  return error instanceof EngineError && error.message.includes('the stack is currently locked');
}

/** Whether the CLI was ended by a signal; the Automation API wraps the process's error. */
export function wasKilled(error: unknown): boolean {
  if (!(error instanceof CommandError)) return false;
  const { commandResult } = error as unknown as { commandResult?: { err?: { signal?: string } } };
  return commandResult?.err?.signal !== undefined;
}

/** The engine with a separate folder for one operation. */
export interface Engine {
  /** Declares the plugins of a cloud; must be called before its stacks are used. */
  useCloud(cloud: CloudStacks): Promise<void>;
  /**
   * The stack as the Automation API knows it. Its `up` returns no outputs: they cost two more processes of the CLI,
   * and the program has them already.
   */
  stack(name: string, program: PulumiFn): Promise<Stack>;
  exists(name: string): Promise<boolean>;
  /** Creates the stack; throws `StackAlreadyExistsError`. */
  create(name: string): Promise<void>;
  /** Runs the CLI directly where the Automation API has no call; returns its standard output. */
  run(args: string[]): Promise<string>;
  close(): Promise<void>;
}

/** Prepares the engine. All of it runs before a request arrives, when the runner is started in advance. */
export async function openEngine(settings: RunnerSettings): Promise<Engine> {
  // Plugin scripts must find the same Node as this process.
  const path = `${dirname(process.execPath)}:${process.env.PATH ?? ''}`;
  Object.assign(process.env, closedNetwork, { PATH: path });
  const [command, folder] = await Promise.all([
    PulumiCommand.get({ root: settings.PULUMI_ROOT }),
    mkdtemp(join(tmpdir(), 'freehold-stack-')),
  ]);
  const workspace = await LocalWorkspace.create({
    workDir: folder,
    pulumiCommand: command,
    pulumiHome: settings.PULUMI_HOME,
  });

  // As `src/stacks/project/Pulumi.yaml` declares it.
  const project: ProjectSettings = { name: 'freehold', runtime: 'nodejs' };
  await workspace.saveProjectSettings(project);

  // The stack is named in every call, so nothing has to be selected; and the outputs are not needed here. Without this
  // an `up` starts three more processes of the CLI, a third more processor time (measured at the local cloud: 2.06 s
  // instead of 1.52 s). test/engine/cli-calls.test.ts fails when the SDK does not go through the workspace any more.
  const lean: LocalWorkspace = Object.assign(Object.create(workspace), {
    selectStack: async () => undefined,
    stackOutputs: async () => ({}),
  });

  return {
    async useCloud(cloud) {
      // The SDK's type lacks `plugins`; it writes the settings unchanged.
      await workspace.saveProjectSettings(Object.assign({ ...project }, { plugins: { providers: cloud.plugins } }));
    },
    async stack(name, program) {
      lean.program = program;
      return Stack.select(name, lean);
    },
    async exists(name) {
      try {
        await workspace.selectStack(name);
        return true;
      } catch (error) {
        if (error instanceof StackNotFoundError) return false;
        throw error;
      }
    },
    create: (name) => workspace.createStack(name),
    run: (args) =>
      new Promise((answer, reject) => {
        execFile(
          command.command,
          [...args, '--non-interactive'],
          { cwd: folder, maxBuffer: 256 * 1024 * 1024, env: { ...process.env, PULUMI_HOME: settings.PULUMI_HOME } },
          (error, stdout, stderr) => (error ? reject(new EngineError(stderr)) : answer(stdout)),
        );
      }),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
