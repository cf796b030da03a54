import { execFile } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from '../../scripts/local.ts';
import { NotPossible } from '../../scripts/not-possible.ts';
import { build } from '../own/build.ts';

/** Builds the engine, and by the same compiler the baselines, into one folder below the project. Throws NotPossible. */
export async function buildBench(folder: string): Promise<void> {
  await build(folder);
  const baselines = join('bench', 'baselines');
  const from = join(projectFolder, baselines);
  const args = ['-p', join(from, 'tsconfig.json'), '--outDir', folder];
  try {
    await promisify(execFile)(join(projectFolder, 'node_modules', '.bin', 'tsc'), args);
  } catch (error) {
    throw new NotPossible(`the baselines do not compile:\n${(error as { stdout?: string }).stdout ?? ''}`);
  }
  for (const name of readdirSync(from).filter((file) => file.endsWith('.lua'))) {
    cpSync(join(from, name), join(folder, baselines, name));
  }
}
