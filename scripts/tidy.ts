import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { trackedFiles } from './tidy/files.ts';
import { importProblems } from './tidy/imports.ts';
import { lineProblems } from './tidy/lines.ts';
import { sizeProblems } from './tidy/sizes.ts';

/** Keeps the house as ARCHITECTURE.md describes it: who imports whom, what stands where, and how long things get. */
function main(): void {
  const files = trackedFiles();
  const problems = files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    return [...sizeProblems(file, text), ...lineProblems(file, text), ...importProblems(file, text)];
  });
  problems.push(...orphanedScripts(files));

  for (const problem of problems) console.error(problem);
  console.log(`tidy: ${files.length} files, ${problems.length} problems`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

/** One Lua script is one verb: it is loaded by the wrapper of the same base name, and by nothing else. */
function orphanedScripts(files: string[]): string[] {
  const wrappers = new Set(
    files.filter((file) => /^src\/redis\/.*\.ts$/.test(file)).map((file) => basename(file, '.ts')),
  );
  return files
    .filter((file) => /^lua\/[^/]+\.lua$/.test(file) && !wrappers.has(basename(file, '.lua')))
    .map((file) => `${file}: there is no src/redis/${basename(file, '.lua')}.ts that loads it`);
}

main();
