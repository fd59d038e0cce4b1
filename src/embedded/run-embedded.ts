import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join, relative } from 'node:path';
import { createReach, type Reach } from '../runtime/reach.ts';
import { durationWords } from '../texts/duration-words.ts';
import { ApiProblem } from './demo/customer.ts';
import { createVisitor } from './demo/first-use.ts';
import { createOutside, type Outside } from './demo/outside.ts';
import { CheckError } from './demo/summary.ts';
import { NoDatabaseError } from './mongo.ts';
import { type Platform, startPlatform } from './platform.ts';
import { platformLinks, showPlatform } from './platform-progress.ts';
import { ClaimsError } from './port-claims.ts';
import { PortError } from './ports.ts';
import { MissingToolError } from './processes.ts';
import { FolderBusyError, stateFolderFromEnvironment } from './state-folder.ts';
import { StartError } from './supervised-process.ts';
import { createScreen, type Screen } from './terminal.ts';

export interface Embedded {
  platform: Platform;
  screen: Screen;
  /** How the servers of this platform are reached. */
  reach: Reach;
  outside: Outside;
  /** Aborted by Ctrl-C and other termination signals. */
  signal: AbortSignal;
  /** How long the platform took to start, ms. */
  platformMs: number;
  showLinks(): void;
}

/** Errors whose message is sufficient for a reader, with the reason code for programs. */
const plain = [
  { kind: FolderBusyError, reason: 'folder_busy' },
  { kind: NoDatabaseError, reason: 'no_database' },
  { kind: MissingToolError, reason: 'tool_missing' },
  { kind: PortError, reason: 'port_refused' },
  { kind: ClaimsError, reason: 'ports_being_chosen' },
  { kind: StartError, reason: 'process_not_started' },
  { kind: CheckError, reason: 'check_failed' },
];

/** How long existing servers may take to answer again before they are shown as they are, ms. */
const restartMs = 20_000;

/**
 * Starts the platform, shows it, runs `work` and stops everything, whatever happens; sets the exit code to the result
 * of `work`, or to that of the signal that interrupted it. A second Ctrl-C exits at once, and the reaper stops the
 * rest.
 */
export async function runEmbedded(
  options: {
    out: NodeJS.WriteStream;
    title: string;
    overrides?: Record<string, string>;
    /** Gets the failure, unless it was an interruption. */
    onFailure?: (failure: { reason: string; sentence: string }) => void;
  },
  work: (embedded: Embedded) => Promise<number>,
): Promise<void> {
  const screen = createScreen(options.out);
  const interrupt = new AbortController();
  let received: NodeJS.Signals | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (received) {
        screen.close();
        process.exit(128 + constants.signals[name]);
      }
      received = name;
      interrupt.abort(new Error(`interrupted by ${name}`));
    });
  }
  const { signal } = interrupt;
  const stateDir = stateFolderFromEnvironment();
  const shown = relative(process.cwd(), stateDir) || '.';
  screen.print('', ` ${screen.style('bold', options.title)}  ${screen.style('gray', `state in ${shown}`)}`);

  const progress = showPlatform(screen);
  const { overrides = {} } = options;
  const set = Object.entries(overrides).map(([name, value]) => `${name}=${value}`);
  if (set.length > 0) screen.print(screen.style('gray', ` overridden for this run: ${set.join(' ')}`));
  let platform: Platform | undefined;
  let reach: Reach | undefined;
  const tokenFile = join(stateDir, 'keys', 'operator-token');
  const isNew = !existsSync(tokenFile);
  const began = performance.now();
  try {
    platform = await startPlatform({ stateDir, overrides, signal, onEvent: progress.onEvent });
    progress.started();
    const platformMs = performance.now() - began;
    screen.print(screen.style('gray', `   up after ${durationWords(platformMs)}`));
    if (isNew) {
      const where = screen.style(
        'gray',
        `operators' token, shown only once, kept in ${relative(process.cwd(), tokenFile)}`,
      );
      screen.print(`   ${where}`, `   ${platform.keys['operator-token']}`);
    }
    reach = createReach({ dnsServer: platform.env.FREEHOLD_DNS_SERVER, caFile: platform.env.FREEHOLD_CA_FILE });
    const embedded = { platform, screen, reach, outside: createOutside(platform), signal, platformMs };
    await showExistingServers(embedded);
    process.exitCode = await work({ ...embedded, showLinks: () => showLinks(embedded) });
  } catch (error) {
    screen.close();
    if (!signal.aborted) {
      process.exitCode = 1;
      explain(screen, error);
      options.onFailure?.({ reason: reasonOf(error) ?? 'internal', sentence: messageOf(error) });
    } else {
      process.exitCode = 128 + constants.signals[received!];
    }
  } finally {
    await reach?.close();
    await platform?.stop();
    screen.close();
  }
}

/** Resolves at Ctrl-C. */
export async function stayUntilInterrupted(signal: AbortSignal): Promise<void> {
  // The listener alone does not keep the process alive.
  const alive = setInterval(() => {}, 60_000);
  if (!signal.aborted) await once(signal, 'abort');
  clearInterval(alive);
}

/** The reason code for programs; undefined if the message is not meant for a reader. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof ApiProblem) return error.problem.code;
  return plain.find(({ kind }) => error instanceof kind)?.reason;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function explain(screen: Screen, error: unknown): void {
  if (!reasonOf(error)) {
    screen.print('', String(error instanceof Error ? error.stack : error));
    return;
  }
  screen.print('', ` ${screen.style('red', messageOf(error))}`);
  if (error instanceof StartError) screen.print(...error.tail.map((line) => screen.style('gray', `   ${line}`)));
}

function showLinks({ screen, platform }: Pick<Embedded, 'screen' | 'platform'>): void {
  screen.print(
    '',
    ...platformLinks(platform).map(([title, url]) => `   ${title.padEnd(16)}${screen.style('cyan', url)}`),
    '',
  );
}

type Running = Omit<Embedded, 'showLinks'>;

/** A cloud restarts its hosts with itself: shows each until it answers. */
async function showExistingServers({ screen, reach, outside, platform, signal }: Running): Promise<void> {
  const hostnames = await outside.hostnames();
  if (hostnames.length === 0) return;
  const section = screen.section('Existing servers');
  const deadline = performance.now() + restartMs;
  await Promise.all(
    hostnames.map(async (hostname) => {
      const row = section.row(hostname);
      row.start();
      const visitor = createVisitor(`https://${hostname}:${platform.ports.edge}`, reach);
      for (;;) {
        try {
          const { status, licence } = await visitor.health();
          if (status === 'ok') return row.end('done', `runs, licence ${licence.state}`);
          if (performance.now() > deadline) return row.end('skipped', status);
        } catch (error) {
          if (performance.now() > deadline || signal.aborted) return row.end('failed', messageOf(error));
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }),
  );
  section.end();
}
