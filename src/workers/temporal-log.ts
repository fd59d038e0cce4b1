import { type LogLevel, type LogMetadata, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Log } from '../runtime/log.ts';

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/**
 * Has Temporal's SDK log through ours, with the ids of the workflow, instance and operation. Must be called before the
 * first connection.
 */
export function logTemporalBy(log: Log): void {
  const write = (level: LogLevel, message: string, meta?: LogMetadata) => log[levels[level]](fieldsOf(meta), message);
  Runtime.install({
    logger: {
      log: write,
      trace: (message, meta) => write('TRACE', message, meta),
      debug: (message, meta) => write('DEBUG', message, meta),
      info: (message, meta) => write('INFO', message, meta),
      warn: (message, meta) => write('WARN', message, meta),
      error: (message, meta) => write('ERROR', message, meta),
    },
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
    },
  });
}

/** The SDK's fields; an error under the name by which ours are serialised, and without its clock and its token. */
function fieldsOf({ error, timestampNanos: _time, taskToken: _token, ...fields }: LogMetadata = {}): object {
  return { ...fields, ...idsIn(fields.workflowId), ...(error === undefined ? {} : { err: error }) };
}

/** The ids that a workflow's id names. */
function idsIn(workflowId: unknown): { instanceId?: string; operationId?: string } {
  const [, instanceId, operationId] = /^instance\/([^/]+)(?:\/op\/(.+))?$/.exec(String(workflowId)) ?? [];
  return { ...(instanceId ? { instanceId } : {}), ...(operationId ? { operationId } : {}) };
}
