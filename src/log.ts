import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';

export type Log = Logger;

/**
 * A structured log, one JSON object a line, on stdout unless told otherwise. Credentials are cut out wherever a caller might
 * put them; ioredis puts the command that failed on its errors, which may be the one that carries the password.
 */
export function createLog(
  config: { logLevel: string },
  bindings: Record<string, unknown> = {},
  destination: DestinationStream = pino.destination(1),
): Log {
  const options: LoggerOptions = {
    level: config.logLevel,
    base: bindings,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: [...everywhere('token'), ...everywhere('authorization'), ...everywhere('password'), '*.command'],
  };
  return pino(options, destination);
}

/** At the top, and in an object, and in an object in one, as in `req.headers.authorization`. */
function everywhere(name: string): string[] {
  return [name, `*.${name}`, `*.*.${name}`];
}
