import { writeSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import type { EngineEvent } from '@pulumi/pulumi/automation/index.js';
import type { RunnerLine, StackRequest } from '../../contracts/stack.ts';

const tailLength = 20;
const longestText = 2_000;
/** Colour directives of the engine. */
const decoration = /<\{%[^%]*%\}>/g;

/** What becomes of the engine's diagnostics; the severities that are not named (debug) are dropped. */
const severities: Partial<Record<string, 'info' | 'warning' | 'error'>> = {
  info: 'info',
  'info#err': 'info',
  warning: 'warning',
  error: 'error',
};

interface Following {
  kind: StackRequest['kind'];
  typePrefix: string;
  /** Resources to expect. */
  total: number;
  /** Leaves the resources out, for a run that only prepares another one. */
  silent?: boolean;
}

/** Steps that count in a run: one per resource, the last one where a replacement has several. */
const counts: Record<StackRequest['kind'], (op: string) => boolean> = {
  up: (op) => !['delete', 'delete-replaced', 'replace', 'discard-replaced', 'remove-pending-replace'].includes(op),
  refresh: () => true,
  destroy: (op) => op.startsWith('delete'),
};

/** Writes the runner's lines on standard output, free of secrets, and remembers the last ones for a failure. */
export function createReporter(secrets: Set<string>) {
  const tail: string[] = [];
  const errors: string[] = [];

  function write(line: RunnerLine): void {
    const text = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let at = 0; at < text.length; ) {
      try {
        at += writeSync(1, text, at);
      } catch (error) {
        // A reader that is gone takes nothing any more; the ladder has begun then.
        if ((error as NodeJS.ErrnoException).code === 'EPIPE') return;
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
    }
  }

  function clean(text: string): string {
    let result = stripVTControlCharacters(text.replace(decoration, '')).trim();
    for (const secret of secrets) result = result.replaceAll(secret, '[secret]');
    return result.slice(0, longestText);
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
    /** Follows the engine's events of one run: counts the resources of a cloud, passes diagnostics on. */
    follow({ kind, typePrefix, total, silent }: Following) {
      const begun = new Set<string>();
      const ended = new Set<string>();
      let changes: Record<string, number> = {};

      function resource(event: EngineEvent): void {
        const status = event.resourcePreEvent ? 'started' : event.resOpFailedEvent ? 'failed' : 'done';
        const { metadata } = (event.resourcePreEvent ?? event.resOpFailedEvent ?? event.resOutputsEvent)!;
        const { urn, op, type } = metadata;
        if (!type.startsWith(typePrefix) || !counts[kind](op)) return;
        begun.add(urn);
        if (status === 'done') ended.add(urn);
        if (silent) return;
        write({
          type: 'resource',
          name: urn.split('::').at(-1) ?? urn,
          kind: type.split(':').at(-1) ?? type,
          op,
          status,
          done: ended.size,
          total: Math.max(total, begun.size),
        });
      }

      return {
        changes: () => changes,
        onEvent(event: EngineEvent): void {
          if (event.resourcePreEvent || event.resOutputsEvent || event.resOpFailedEvent) resource(event);
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
