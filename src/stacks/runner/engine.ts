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
  /** Declares the project, as `Pulumi.yaml` at the top does, and the plugins of a cloud; must be called first. */
  useCloud(cloud: CloudStacks): Promise<void>;
  /**
   * The stack in the Automation API. Its `up`, `refresh` and `destroy` return no outputs and no summary: each of these
   * would cost another CLI process, and the program and the events contain the same.
   */
  stack(name: string, program: PulumiFn): Promise<Stack>;
  exists(name: string): Promise<boolean>;
  /** Creates the stack; throws `StackAlreadyExistsError`. */
  create(name: string): Promise<void>;
  /** Runs the CLI directly where the Automation API has no call; returns its standard output. */
  run(args: string[]): Promise<string>;
  close(): Promise<void>;
}

/**
 * Asks the CLI under `root` for its version and checks that the Automation API supports it; throws otherwise. Callers
 * that start many runners ask once: each call is a CLI process, a fifth of the cost of building a server.
 */
export async function engineVersion(root: string): Promise<string> {
  const { version } = await PulumiCommand.get({ root });
  return String(version);
}

async function commandOf({ PULUMI_ROOT: root, FREEHOLD_ENGINE_VERSION: known }: RunnerSettings) {
  if (known === undefined) return PulumiCommand.get({ root });
  // The class offers no way to be created for a known version.
  const command: PulumiCommand = Object.create(PulumiCommand.prototype);
  return Object.assign(command, { command: resolve(root, 'bin/pulumi'), version: parse(known) });
}

/** Prepares the engine. A runner started in advance does all of this before a request arrives. */
export async function openEngine(settings: RunnerSettings): Promise<Engine> {
  // Plugin scripts must find the same Node as this process.
  const path = `${dirname(process.execPath)}:${process.env.PATH ?? ''}`;
  Object.assign(process.env, closedNetwork, { PATH: path });
  const [command, folder] = await Promise.all([commandOf(settings), mkdtemp(join(tmpdir(), 'freehold-stack-'))]);
  const workspace = await LocalWorkspace.create({
    workDir: folder,
    pulumiCommand: command,
    pulumiHome: settings.PULUMI_HOME,
  });

  // Every call names the stack, so none has to be selected in the workspace.
  const lean: LocalWorkspace = Object.assign(Object.create(workspace), {
    selectStack: async () => undefined,
    stackOutputs: async () => ({}),
  });

  return {
    async useCloud(cloud) {
      const project: ProjectSettings = { name: 'freehold', runtime: 'nodejs' };
      // The SDK's type lacks `plugins`; it writes the settings unchanged.
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
