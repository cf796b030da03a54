import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { loadSearchPath } from '../../src/config.ts';
import { redisAnswers } from '../../src/probe.ts';
import { type PrivateOptions, type PrivateServer, startPrivate } from './private.ts';
import { findRedisProgram, which } from './programs.ts';

const run = promisify(execFile);

/** Round robin among real-time processes; what Redis forks and its threads in the background stay ordinary. */
const realTime = ['--reset-on-fork', '--rr', '1'];

/**
 * Starts a Redis (or Valkey) on a loopback port, with the persistence of production and no data but that of `dir`.
 * Without `dir` it lives in a temporary folder. Throws when the program is missing.
 */
export async function startPrivateRedis(options: PrivateOptions = {}): Promise<PrivateServer> {
  const program = await findRedisProgram(loadSearchPath());
  if (!program)
    throw new Error('there is no redis-server (7.0 or newer) or valkey-server (8.0 or newer) on this machine');

  const [command, ...before] = await undisturbed(program.path);
  return startPrivate(options, {
    name: 'redis',
    command,
    args: ({ port, dir }) => [
      ...before,
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--daemonize', 'no'],
      ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
      // A rewrite forks a child that takes a core for about a second: a sale should be over before it is due.
      ...['--auto-aof-rewrite-min-size', '512mb'],
      // Frequent ticks expire keys and promote delayed jobs sooner: 7–30 ms late in place of 50–80.
      ...['--maxmemory-policy', 'noeviction', '--hz', '100'],
    ],
    answers: (port) => redisAnswers({ host: '127.0.0.1', port }),
    url: (port) => `redis://127.0.0.1:${port}`,
  });
}

/**
 * The command that runs a program with real-time priority, where we may give it (root or CAP_SYS_NICE on Linux). On a core that
 * it shares with us the scheduler would stop Redis in the middle of a script for 4 ms and more, and every sale with it.
 */
async function undisturbed(program: string): Promise<[string, ...string[]]> {
  const chrt = which('chrt', loadSearchPath());
  const may = chrt !== null && (await run(chrt, [...realTime, 'true']).catch(() => null)) !== null;
  return may ? [chrt, ...realTime, program] : [program];
}
