import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../../src/probe.ts';
import { type Guarded, type Signal, spawnGuarded } from './guardian.ts';
import { endLeftover } from './leftover.ts';
import { freePort } from './ports.ts';

/** A server of our own: it ends with this process at the latest, and a temporary folder of its goes with it. */
export type PrivateServer = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dir: string;
  /** Sends a signal; nothing happens when it does not run. */
  signal(name: Signal): void;
  /** SIGKILL, as a crash would; the folder stays. Resolves when the process is gone. */
  kill9(): Promise<void>;
  /** Ends it gracefully; a temporary folder is removed unless `keepData`. May be repeated. */
  stop(options?: { keepData?: boolean }): Promise<void>;
  /** Starts it again on the same port and folder, after a graceful stop if it still runs. */
  restart(): Promise<void>;
};

/** Without `dir` the data lives in a temporary folder; without `port` a free one is taken. */
export type PrivateOptions = { dir?: string | undefined; port?: number | undefined; args?: string[] | undefined };

/** How one kind of server is run. */
export type Plan = {
  name: string;
  command: string;
  args: (input: { port: number; dir: string }) => string[];
  answers: (port: number) => Promise<boolean>;
  url: (port: number) => string;
  /** Makes the folder ready; done once. */
  prepare?: (dir: string) => Promise<void>;
};

const startTriesMax = 3;
const startTimeoutMs = 60_000;

/** Runs one kind of server by its plan. Throws with the end of its log when it does not answer within 60 s. */
export async function startPrivate(options: PrivateOptions, plan: Plan): Promise<PrivateServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), `onsale-${plan.name}-`));
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await endLeftover(pidFile(dir));
  await plan.prepare?.(dir);

  const launchOn = (port: number) =>
    launch(plan, { port, dir, args: options.args ?? [], temporary: options.dir === undefined });
  const first = await launchOnSomePort(options.port, launchOn);
  const { port } = first;
  let server: Guarded | null = first.server;
  const stop = async (keep: boolean) => {
    const stopping = server;
    server = null;
    await stopping?.end({ keep });
  };

  return {
    dir,
    port,
    url: plan.url(port),
    get pid() {
      return server?.pid ?? 0;
    },
    signal: (name) => server?.signal(name),
    kill9: async () => {
      server?.signal('SIGKILL');
      await server?.exited;
    },
    stop: ({ keepData = false } = {}) => stop(keepData),
    restart: async () => {
      await stop(true);
      server = await launchOn(port);
    },
  };
}

/** A free port may be taken by somebody quicker before the server has it; then another one is tried. */
async function launchOnSomePort(
  wanted: number | undefined,
  launchOn: (port: number) => Promise<Guarded>,
): Promise<{ port: number; server: Guarded }> {
  for (let tries = 1; ; tries += 1) {
    const port = wanted ?? (await freePort());
    try {
      return { port, server: await launchOn(port) };
    } catch (error) {
      const taken = wanted === undefined && /in use|bind/i.test(String(error));
      if (!taken || tries === startTriesMax) throw error;
    }
  }
}

async function launch(
  plan: Plan,
  input: { port: number; dir: string; args: string[]; temporary: boolean },
): Promise<Guarded> {
  const { port, dir } = input;
  const logFile = join(dir, `${plan.name}.log`);
  const server = await spawnGuarded({
    command: plan.command,
    args: [...plan.args({ port, dir }), ...input.args],
    logFile,
    removeFolder: input.temporary ? dir : undefined,
  });
  writeFileSync(pidFile(dir), `${server.pid} ${port}`);
  let exitCode: number | null = null;
  void server.exited.then((code) => {
    exitCode = code;
  });
  const failed = () => (exitCode === null ? null : `ended with code ${exitCode}\n${lastLines(logFile)}`);
  try {
    await waitFor({ what: plan.name, answers: () => plan.answers(port), failed, timeoutMs: startTimeoutMs });
    return server;
  } catch (error) {
    await server.end({ keep: true });
    throw error;
  }
}

function pidFile(dir: string): string {
  return join(dir, 'pid');
}

/** The end of a server's log: it says better than we could why it did not start. */
function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(-15).join('\n');
  } catch {
    return '(it wrote no log)';
  }
}
