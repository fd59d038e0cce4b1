import { writeSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import type { EngineEvent } from '@pulumi/pulumi/automation/index.js';
import type { RunnerLine, StackRequest } from '../../contracts/stack.ts';
import { monotonic } from '../../runtime/clock.ts';
import { logicalName } from './logical-name.ts';

const tailLength = 20;
/** Enough for an error that contains a whole document. */
const maxTextLength = 16_000;
/** Colour directives of the engine. */
const decoration = /<\{%[^%]*%\}>/g;

/** How the engine's diagnostics are passed on; other severities (debug) are dropped. */
const severities: Partial<Record<string, 'info' | 'warning' | 'error'>> = {
  info: 'info',
  'info#err': 'info',
  warning: 'warning',
  error: 'error',
};

/**
 * How the engine reports that a provider's process is gone: in the words of grpc-go (codes.Unavailable and its causes),
 * and in its own if the process died, or the machine was too busy, before the two had connected (pulumi
 * sdk/go/common/resource/plugin/plugin.go).
 */
const providerLosses =
  /code = Unavailable|error reading from server: EOF|transport is closing|connection refused|did not begin responding to RPC/;

type ResOutputsEvent = NonNullable<EngineEvent['resOutputsEvent']>;

interface Following {
  kind: StackRequest['kind'];
  typePrefix: string;
  /** Resources to expect. */
  total: number;
  /** Leaves the resources out, for a run that only prepares another one. */
  silent?: boolean;
}

/** Steps that count in a run: one per resource, the last one if a replacement has several. */
const counts: Record<StackRequest['kind'], (op: string) => boolean> = {
  up: (op) => !['delete', 'delete-replaced', 'replace', 'discard-replaced', 'remove-pending-replace'].includes(op),
  refresh: () => true,
  'preview-refresh': () => true,
  destroy: (op) => op.startsWith('delete'),
};

/** Writes the runner's lines on standard output, without secrets, and keeps the last ones for a failure. */
export function createReporter(secrets: Set<string>) {
  const tail: string[] = [];
  const errors: string[] = [];
  /** Highest progress over all runs that show it. */
  let highest = 0;

  function write(line: RunnerLine): void {
    const text = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let at = 0; at < text.length; ) {
      try {
        at += writeSync(1, text, at);
      } catch (error) {
        // The reader is gone; the shutdown escalation has begun then.
        if ((error as NodeJS.ErrnoException).code === 'EPIPE') return;
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
    }
  }

  function clean(text: string): string {
    let result = stripVTControlCharacters(text.replace(decoration, '')).trim();
    for (const secret of secrets) result = result.replaceAll(secret, '[secret]');
    return result.slice(0, maxTextLength);
  }

  function log(severity: 'info' | 'warning' | 'error', message: string): void {
    const text = clean(message);
    if (text === '') return;
    tail.push(text);
    if (tail.length > tailLength) tail.shift();
    if (severity === 'error') errors.push(text);
    write({ type: 'log', severity, text });
  }

  return {
    write,
    log,
    clean,
    tail,
    /** Everything that the engine called an error so far. */
    errors,
    phase: (phase: string) => write({ type: 'phase', phase }),
    /** Forgets the errors so far, because the failed work is retried. */
    forgetErrors: () => void errors.splice(0),
    /** Whether the engine lost a provider: its process ended during a call. */
    lostProvider: () => errors.some((text) => providerLosses.test(text)),
    /** Follows the engine's events of one run: counts the resources of a cloud, passes diagnostics on. */
    follow({ kind, typePrefix, total, silent }: Following) {
      const startedUrns = new Set<string>();
      const ended = new Set<string>();
      const known = new Set<string>();
      const gone = new Set<string>();
      let createdAt: number | null = null;
      let changes: Record<string, number> = {};

      function remember({ metadata: { op, type, old: before, new: after } }: ResOutputsEvent): void {
        if (!type.startsWith(typePrefix)) return;
        if (op.startsWith('create')) createdAt = monotonic();
        if (after?.id) known.add(after.id);
        else if (before?.id) gone.add(before.id);
      }

      function resource(event: EngineEvent): void {
        const status = event.resourcePreEvent ? 'started' : event.resOpFailedEvent ? 'failed' : 'done';
        const { metadata } = (event.resourcePreEvent ?? event.resOpFailedEvent ?? event.resOutputsEvent)!;
        const { urn, op, type } = metadata;
        if (!type.startsWith(typePrefix) || !counts[kind](op)) return;
        startedUrns.add(urn);
        if (status === 'done') ended.add(urn);
        if (silent) return;
        highest = Math.max(highest, ended.size);
        write({
          type: 'resource',
          name: logicalName(urn),
          kind: type.split(':').at(-1) ?? type,
          op,
          status,
          done: highest,
          total: Math.max(total, startedUrns.size, highest),
        });
      }

      return {
        changes: () => changes,
        /**
         * Ids at the cloud at the end of the run, ids that it deleted, and when it made the last create, monotonic ms.
         */
        objects: () => ({ known, gone, createdAt }),
        onEvent(event: EngineEvent): void {
          if (event.resourcePreEvent || event.resOutputsEvent || event.resOpFailedEvent) resource(event);
          if (event.resOutputsEvent) remember(event.resOutputsEvent);
          if (event.summaryEvent) changes = event.summaryEvent.resourceChanges as Record<string, number>;
          const diagnostic = event.diagnosticEvent;
          const severity = diagnostic && !diagnostic.ephemeral ? severities[diagnostic.severity] : undefined;
          if (diagnostic && severity) log(severity, diagnostic.message);
        },
      };
    },
  };
}

export type Reporter = ReturnType<typeof createReporter>;
