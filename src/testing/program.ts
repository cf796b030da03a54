import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type Program = {
  /** Everything that it wrote so far, on either stream. */
  output(): string;
  /** Ends it by SIGTERM, by SIGKILL after 20 s, and resolves with its exit code. May be repeated. */
  end(): Promise<number | null>;
  exited: Promise<number | null>;
};

const killAfterMs = 20_000;

/** Runs a program of ours from its source, with this environment and no other. */
export function startProgram(file: 'src/server.ts' | 'src/worker.ts', env: Record<string, string>): Program {
  return startTypeScript([file], env);
}

/** Runs TypeScript by Node with these arguments: a file, or `-e` and what is to run. */
export function startTypeScript(args: string[], env: Record<string, string>): Program {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return {
    output: () => output,
    exited,
    end: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      return exited.finally(() => clearTimeout(timer));
    },
  };
}
