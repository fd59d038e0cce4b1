import { pino } from 'pino';

/** Names of fields with secrets or personal data anywhere in a log record; their values never reach a log line. */
const redacted = [
  'authorization',
  'cookie',
  'token',
  'secret',
  'password',
  'clientSecret',
  'client_secret',
  'holdToken',
  'capability',
  'enrollmentToken',
  'licenseKey',
  'email',
  'adminEmail',
  'billingEmail',
  'code',
].flatMap((name) => [`*.${name}`, `*.*.${name}`, `req.headers.${name}`]);

/** A logger of one process or part: JSON lines on stdout, with secrets and personal data redacted. */
export function createLog(name: string) {
  return pino({
    name,
    level: process.env.FREEHOLD_LOG_LEVEL ?? 'info',
    redact: { paths: redacted, censor: '[redacted]' },
    base: { pid: process.pid },
  });
}

export type Log = ReturnType<typeof createLog>;
