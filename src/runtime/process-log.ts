import { format } from 'node:util';
import { createLog, type Log } from './log.ts';

const consoleLevels = {
  debug: 'debug',
  trace: 'debug',
  info: 'info',
  log: 'info',
  warn: 'warn',
  error: 'error',
} as const;

/**
 * The log of a process, which alone writes to its output, apart from the line that says it listens: what libraries
 * print, warnings of Node, and the error that ends the process become its lines, too. Must be called first, once.
 */
export function createProcessLog(name: string): Log {
  const log = createLog(name);
  for (const [method, level] of Object.entries(consoleLevels)) {
    console[method as keyof typeof consoleLevels] = (...values: unknown[]) => log[level](format(...values));
  }
  process.removeAllListeners('warning');
  process.on('warning', (warning) => log.warn({ err: warning }, warning.message));
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ err: error, origin }, error instanceof Error ? error.message : 'the process ends');
    process.exit(1);
  });
  return log;
}
