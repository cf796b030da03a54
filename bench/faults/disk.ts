import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { spawnGuarded } from '../../scripts/stores/guardian.ts';
import { loadSearchPath } from '../../src/config.ts';

/** A disk of its own for one store, small enough to be filled. */
export type Disk = {
  readonly folder: string;
  /** Whether it is one; where nothing can be mounted it is a plain folder. */
  readonly isSmall: boolean;
  /** Writes a ballast file until nothing more fits. Throws on a plain folder: that would fill the machine's own disk. */
  fill(): void;
  /** Removes the ballast. */
  free(): void;
};

const mountWaitMs = 5000;

/** Holds a mount for as long as we live, and takes it away however we end. */
const script = `
end() { umount -l "$1" 2>/dev/null; exit 0; }
trap 'end "$1"' TERM
mount -t tmpfs -o "size=$2m,mode=700" onsale-faults "$1" || exit 1
: >"$1/.mounted"
while :; do sleep 1000 & wait $!; done
`;

/**
 * Mounts a file system in memory (Linux, as root); anywhere else it is a plain folder. When we are killed, the mount goes all
 * the same, and `removeFolder` with it.
 */
export async function openDisk(
  folder: string,
  { megabytes, logFile, removeFolder }: { megabytes: number; logFile: string; removeFolder?: string },
): Promise<Disk & { end(): Promise<void> }> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const holder = await spawnGuarded({
    ...{ command: 'sh', args: ['-c', script, 'disk', folder, String(megabytes)], logFile },
    env: { PATH: loadSearchPath() },
    removeFolder,
  });
  let failed = false;
  void holder.exited.then(() => {
    failed = true;
  });
  const until = performance.now() + mountWaitMs;
  while (!existsSync(join(folder, '.mounted')) && !failed && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const ballast = join(folder, 'ballast');
  const isSmall = existsSync(join(folder, '.mounted'));
  return {
    folder,
    isSmall,
    fill() {
      if (!isSmall) throw new Error(`${folder} is not a disk of its own`);
      fillUp(folder, ballast);
    },
    free: () => rmSync(ballast, { force: true }),
    end: () => holder.end({ keep: true }),
  };
}

function fillUp(folder: string, file: string): void {
  const { bavail, bsize } = statfsSync(folder);
  try {
    execFileSync('fallocate', ['-l', String(bavail * bsize), file], { stdio: 'ignore' });
  } catch {
    // Somebody took a block meanwhile: what is left is filled below.
  }
  const ballast = openSync(file, 'a');
  try {
    for (;;) writeSync(ballast, Buffer.alloc(bsize));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(ballast);
  }
}
