import { execFile } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Fired, type Plan, requestText } from './request.ts';

const run = promisify(execFile);
const script = join(import.meta.dirname, 'requests.lua');
const chunkRecords = 2000;

/**
 * A closed loop by wrk, one thread: the leanest generator that there is, so that the cores are left to what is measured.
 * `folder` takes the file of requests for as long as it runs.
 */
export function wrk(program: string, folder: string): (plan: Plan) => Promise<{ fire: () => Promise<Fired> }> {
  return async ({ baseUrl, requests, connections, seconds }) => {
    const dir = mkdtempSync(join(folder, 'load-'));
    const file = join(dir, 'requests');
    writeRequests(file, requests, new URL(baseUrl).host);
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, baseUrl, '--', file];
    return {
      fire: async () => {
        try {
          const { stdout } = await run(program, args, { timeout: (seconds + 30) * 1000 });
          return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Fired;
        } finally {
          rmSync(dir, { recursive: true, force: true });
        }
      },
    };
  };
}

/** In chunks: a string of hundreds of megabytes is more than a string may be. */
function writeRequests(file: string, requests: Plan['requests'], host: string): void {
  const descriptor = openSync(file, 'w', 0o600);
  for (let at = 0; at < requests.length; at += chunkRecords) {
    const records = requests.slice(at, at + chunkRecords).map((request) => {
      const text = requestText(request, host);
      return `${String(Buffer.byteLength(text)).padStart(6, '0')}${text}`;
    });
    writeSync(descriptor, records.join(''));
  }
  closeSync(descriptor);
}
