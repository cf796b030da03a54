import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const folders = ['src', 'scripts', 'bench', 'lua', 'migrations'];

/** Every source file of ours, by its path from the project's folder. */
export function trackedFiles(): string[] {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
    .filter((file) => /\.(ts|mjs|lua|sql)$/.test(file))
    .sort();
}

/** Whether a file is code of the tests: a test, a `testing.ts` beside tests, the simulation, or something in a folder for them. */
export function isTestCode(file: string): boolean {
  return /\.test\.ts$|\/testing\.ts$|^src\/(testing|simulation)\/|^scripts\/test\//.test(file);
}
