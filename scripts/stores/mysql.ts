import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { loadSearchPath } from '../../src/config.ts';
import { mysqlAnswers } from '../../src/probe.ts';
import { type PrivateOptions, type PrivateServer, startPrivate } from './private.ts';
import { findMysqlProgram, type Program, which } from './programs.ts';

const run = promisify(execFile);
const initialiseTimeoutMs = 120_000;
/** As durable as the tables, and with the rows themselves: what MySQL 8 and 9 do by themselves. */
const binlogArgs = ['--log-bin=binlog', '--server-id=1', '--sync-binlog=1', '--loose-binlog-format=ROW'];

/**
 * `statements` are run by the server itself at every start, one a line, before it accepts a connection. `binlog` is what replicas and a
 * restore to any moment need: on in MySQL unless it is told otherwise, off in MariaDB.
 */
export type MysqlOptions = PrivateOptions & { password?: string; statements?: string[]; binlog?: boolean };

/**
 * Starts a MariaDB or MySQL on a loopback port, as durable as in production, with a database and a user `onsale`.
 * Without `dir` it lives in a temporary folder and the user may do everything. Throws when the program is missing.
 */
export async function startPrivateMysql(options: MysqlOptions = {}): Promise<PrivateServer> {
  const program = await findMysqlProgram(loadSearchPath());
  if (!program) throw new Error('there is no mariadbd (10.11 or newer) or mysqld (8.4 or newer) on this machine');
  const password = options.password ?? randomBytes(18).toString('base64url');
  const may = options.dir === undefined ? '*.*' : 'onsale.*';

  return startPrivate(options, {
    name: 'mysql',
    command: program.path,
    args: ({ port, dir }) => [
      ...base(dir),
      ...[`--port=${port}`, '--bind-address=127.0.0.1', '--skip-name-resolve', '--loose-mysqlx=OFF'],
      // Relative to the data folder: a socket's path may not be longer than 107 characters.
      ...['--socket=mysql.sock', '--pid-file=mysql.pid', `--init-file=${join(dir, 'init.sql')}`],
      ...['--character-set-server=utf8mb4', '--default-time-zone=+00:00', '--max-connections=300'],
      ...['--innodb-flush-log-at-trx-commit=1', '--performance-schema=OFF'],
      ...(options.binlog ? binlogArgs : ['--skip-log-bin']),
      // With the defaults (128 MB and 96) confirms lose a fifth of their speed after several hundred thousand orders.
      ...[
        '--innodb-buffer-pool-size=512M',
        '--loose-innodb-log-file-size=512M',
        '--loose-innodb-redo-log-capacity=512M',
      ],
    ],
    prepare: async (dir) => {
      await initialise(program, dir);
      writeFileSync(join(dir, 'init.sql'), firstStatements(password, may, options.statements ?? []), { mode: 0o600 });
    },
    answers: (port) => mysqlAnswers({ host: '127.0.0.1', port }),
    url: (port) => `mysql://onsale:${password}@127.0.0.1:${port}/onsale`,
  });
}

function base(dir: string): string[] {
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];
  // In the shared folder for temporary files a server that starts deletes those of the others.
  return ['--no-defaults', `--datadir=${join(dir, 'data')}`, `--tmpdir=${dir}`, ...asRoot];
}

/** Run by the server itself at every start, before it accepts a connection; one statement a line. */
function firstStatements(password: string, may: string, more: string[]): string {
  const user = "'onsale'@'127.0.0.1'";
  return [
    'CREATE DATABASE IF NOT EXISTS onsale CHARACTER SET utf8mb4;',
    `CREATE USER IF NOT EXISTS ${user} IDENTIFIED BY '${password}';`,
    `ALTER USER ${user} IDENTIFIED BY '${password}';`,
    `GRANT ALL ON ${may} TO ${user};`,
    ...more,
    '',
  ].join('\n');
}

/** Makes the data folder under another name first: a half-made one, left by a crash, is never taken for a whole one. */
async function initialise(program: Program, dir: string): Promise<void> {
  const data = join(dir, 'data');
  if (existsSync(data)) return;
  const unfinished = join(dir, 'unfinished', 'data');
  rmSync(dirname(unfinished), { recursive: true, force: true });

  const [command, args] = initialiser(program, base(dirname(unfinished)));
  try {
    await run('mkdir', ['-p', dirname(unfinished)]);
    await run(command, args, { timeout: initialiseTimeoutMs, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string };
    throw new Error(`${command} failed\n${stdout}\n${stderr}`, { cause: error });
  }
  renameSync(unfinished, data);
  rmSync(dirname(unfinished), { recursive: true, force: true });
}

function initialiser(program: Program, options: string[]): [command: string, args: string[]] {
  if (program.maker === 'mysql') return [program.path, [...options, '--initialize-insecure']];
  const path = `${dirname(program.path)}:${dirname(program.path).replace(/sbin$/, 'bin')}:${loadSearchPath()}`;
  const script = which('mariadb-install-db', path);
  if (!script) throw new Error('mariadb-install-db is missing beside mariadbd');
  return [script, [...options, '--auth-root-authentication-method=normal', '--skip-test-db']];
}
