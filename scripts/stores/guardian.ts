import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';

/**
 * The shell that stands between us and a server of ours. It tells the server's pid, then its exit code, on descriptor 3,
 * and ends the server when that descriptor closes: that also happens when we are killed with SIGKILL, so nothing is left.
 * A server that was stopped is woken for it, or it would never hear. Whatever the server itself left running in this session
 * gets a SIGTERM then.
 * A word (`keep`) instead of the plain end keeps the folder $2, which is removed otherwise. The server's output goes to $1.
 */
const script = `
trap '' HUP INT PIPE
log=$1 remove=$2
shift 2
"$@" </dev/null >>"$log" 2>&1 3<&- &
child=$!
echo "$child" >&3
( read -r word <&3; kill -CONT "$child"; kill -TERM "$child" ) 2>/dev/null &
watcher=$!
wait "$child"
code=$?
kill "$watcher" 2>/dev/null
echo "$code" >&3
read -r word <&3
trap '' TERM
kill -TERM 0
if [ -n "$remove" ] && [ "$word" != keep ]; then rm -rf -- "$remove"; fi
exit "$code"
`;

const killAfterMs = 20_000;

/** STOP and CONT freeze a process and let it go on. */
export type Signal = 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT';

export type Guarded = {
  pid: number;
  /** Whether the server still runs, and how it ended. */
  exited: Promise<number>;
  signal(name: Signal): void;
  /** Ends the server when it still runs (SIGKILL after 20 s), then the guardian, and removes the folder unless kept. */
  end(options: { keep: boolean }): Promise<void>;
};

/**
 * Starts a program that ends with us, however we end. It is in a session of its own, so that Ctrl-C reaches only us and
 * the stores outlive the drain. `removeFolder` is removed when it is over.
 */
export async function spawnGuarded(input: {
  command: string;
  args: string[];
  logFile: string;
  removeFolder?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  cwd?: string | undefined;
}): Promise<Guarded> {
  const args = ['-c', script, 'guardian', input.logFile, input.removeFolder ?? '', input.command, ...input.args];
  const guardian = spawn('sh', args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    cwd: input.cwd,
    env: input.env,
  });
  const pipe = guardian.stdio[3] as Duplex;
  // The guardian may be gone when we write; its exit is what counts.
  pipe.on('error', () => undefined);

  const gone = new Promise<void>((resolve) => guardian.once('exit', () => resolve()));
  const said = readLines(pipe, guardian);
  const pid = Number(await said.first);

  const signal = (name: Signal) => {
    if (said.ended) return;
    try {
      process.kill(pid, name);
    } catch (error) {
      // It has ended, and word of that is still on its way to us.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  return {
    pid,
    exited: said.second.then(Number),
    signal,
    end: async ({ keep }) => {
      signal('SIGCONT');
      signal('SIGTERM');
      const timer = setTimeout(() => signal('SIGKILL'), killAfterMs);
      await said.second;
      clearTimeout(timer);
      pipe.end(keep ? 'keep\n' : undefined);
      await gone;
      pipe.destroy();
    },
  };
}

/** The two lines a guardian says. The second comes with the server's end, or with the guardian's. */
function readLines(pipe: Duplex, guardian: ChildProcess) {
  const lines = { ended: false, first: Promise.resolve(''), second: Promise.resolve('') };
  let text = '';
  let tellFirst: (line: string) => void;
  let tellSecond: (line: string) => void;
  lines.first = new Promise((resolve, reject) => {
    tellFirst = resolve;
    guardian.once('error', reject);
    guardian.once('exit', () => reject(new Error('the guardian ended at once')));
  });
  lines.second = new Promise((resolve) => {
    tellSecond = (line) => {
      lines.ended = true;
      resolve(line);
    };
    guardian.once('exit', (code) => tellSecond(String(code ?? 1)));
  });
  pipe.setEncoding('utf8');
  pipe.on('data', (chunk: string) => {
    text += chunk;
    const said = text.split('\n');
    if (said.length > 1) tellFirst(said[0] ?? '');
    if (said.length > 2) tellSecond(said[1] ?? '');
  });
  return lines;
}
