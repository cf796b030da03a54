import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** All `*.test.ts` whose path contains one of the filters (or all). `*.solo.test.ts` bear no company: they run alone, last. */
export function findTestFiles(folders: string[], filters: string[]): { together: string[]; alone: string[] } {
  const files = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort();
  return {
    together: files.filter((file) => !file.endsWith('.solo.test.ts')),
    alone: files.filter((file) => file.endsWith('.solo.test.ts')),
  };
}
