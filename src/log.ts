import { type Logger, pino } from 'pino';

export type Log = Logger;

/** A structured log on stdout, one JSON object a line. Credentials are cut out wherever a caller might put them;
 * ioredis puts the command that failed on its errors, which may be the one that carries the password. */
export function createLog(config: { logLevel: string }, bindings: Record<string, unknown> = {}): Log {
  return pino({
    level: config.logLevel,
    base: bindings,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: ['token', '*.token', 'authorization', '*.authorization', 'password', '*.password', 'err.command'],
  });
}
