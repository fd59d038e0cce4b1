import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  CommandError,
  LocalWorkspace,
  type ProjectSettings,
  PulumiCommand,
  type PulumiFn,
  Stack,
  StackNotFoundError,
} from '@pulumi/pulumi/automation/index.js';
import { parse } from 'semver';
import type { CloudStacks } from '../private-server.ts';
import type { RunnerSettings } from './settings.ts';

/** Environment that keeps the engine inside of a closed network and off the update check. */
const closedNetwork = {
  PULUMI_SKIP_UPDATE_CHECK: 'true',
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
  PULUMI_DISABLE_REGISTRY_RESOLVE: 'true',
};

/** A call of the CLI that failed. */
class EngineError extends Error {
  override readonly name = 'EngineError';
}

/** Whether a call of the CLI met the engine's own lock; the Automation API tells it by the same text. */
export function isLocked(error: unknown): boolean {
  return error instanceof EngineError && error.message.includes('the stack is currently locked');
}

/** Whether the CLI was ended by a signal; the Automation API keeps the process's own error in its. */
export function wasKilled(error: unknown): boolean {
  if (!(error instanceof CommandError)) return false;
  const { commandResult } = error as unknown as { commandResult?: { err?: { signal?: string } } };
  return commandResult?.err?.signal !== undefined;
}

/** The engine with a folder of its own for one operation. */
export interface Engine {
  /** Names the project, the same as `Pulumi.yaml` at the top does, and the plugins of a cloud; comes first. */
  useCloud(cloud: CloudStacks): Promise<void>;
  /**
   * The stack as the Automation API knows it. Its `up`, `refresh` and `destroy` answer no outputs and no summary: each of
   * these costs another process of the CLI, and the program and the events tell the same.
   */
  stack(name: string, program: PulumiFn): Promise<Stack>;
  exists(name: string): Promise<boolean>;
  /** Creates the stack; throws `StackAlreadyExistsError`. */
  create(name: string): Promise<void>;
  /** Runs the CLI itself where the Automation API has no call; answers its standard output. */
  run(args: string[]): Promise<string>;
  close(): Promise<void>;
}

/**
 * Asks the CLI under `root` for its version and checks that the Automation API can work with it; throws when not. Who
 * starts many runners asks once: each asking is a process of the CLI, a fifth of what it costs to build a server.
 */
export async function engineVersion(root: string): Promise<string> {
  const { version } = await PulumiCommand.get({ root });
  return String(version);
}

async function commandOf({ PULUMI_ROOT: root, FREEHOLD_ENGINE_VERSION: known }: RunnerSettings) {
  if (known === undefined) return PulumiCommand.get({ root });
  // The class has no way of its own to be made for a version that is known.
  const command: PulumiCommand = Object.create(PulumiCommand.prototype);
  return Object.assign(command, { command: resolve(root, 'bin/pulumi'), version: parse(known) });
}

/** Prepares the engine. Everything here is done before a request comes, when the runner is started in advance. */
export async function openEngine(settings: RunnerSettings): Promise<Engine> {
  // Scripts of plugins must meet the same Node as this process.
  const path = `${dirname(process.execPath)}:${process.env.PATH ?? ''}`;
  Object.assign(process.env, closedNetwork, { PATH: path });
  const [command, folder] = await Promise.all([commandOf(settings), mkdtemp(join(tmpdir(), 'freehold-stack-'))]);
  const workspace = await LocalWorkspace.create({
    workDir: folder,
    pulumiCommand: command,
    pulumiHome: settings.PULUMI_HOME,
  });

  // The stack is named in every call, so nothing has to be selected in the workspace.
  const lean: LocalWorkspace = Object.assign(Object.create(workspace), {
    selectStack: async () => undefined,
    stackOutputs: async () => ({}),
  });

  return {
    async useCloud(cloud) {
      const project: ProjectSettings = { name: 'freehold', runtime: 'nodejs' };
      // The SDK's type lacks `plugins`; it writes the settings as they are.
      await workspace.saveProjectSettings(Object.assign(project, { plugins: { providers: cloud.plugins } }));
    },
    async stack(name, program) {
      lean.program = program;
      const stack = await Stack.select(name, lean);
      stack.history = async () => [];
      return stack;
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
