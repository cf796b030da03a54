import { execFile } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from '../../scripts/local.ts';
import { NotPossible } from '../../scripts/not-possible.ts';

/**
 * Builds what production runs into a folder of its own, so that nobody's dist is pulled away; it has to lie below the
 * project, so that packages are found.
 */
export async function build(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const args = ['-p', join(projectFolder, 'tsconfig.build.json'), '--outDir', folder];
  try {
    await promisify(execFile)(join(projectFolder, 'node_modules', '.bin', 'tsc'), args);
  } catch (error) {
    throw new NotPossible(`the code does not compile:\n${(error as { stdout?: string }).stdout ?? ''}`);
  }
  for (const name of ['lua', 'migrations']) cpSync(join(projectFolder, name), join(folder, name), { recursive: true });
}

/** Whether a server says that it is ready. */
export async function isReady(baseUrl: string): Promise<boolean> {
  return fetch(`${baseUrl}/readyz`, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.status === 200,
    () => false,
  );
}
