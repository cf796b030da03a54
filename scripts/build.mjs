// Compiles the server and the worker, and what they import, to dist or the folder that is named, with what the code reads at
// run time beside it: dist/src, dist/lua, dist/migrations.
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const target = resolve(process.argv[2] ?? 'dist');
process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
rmSync(target, { recursive: true, force: true });
try {
  execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json', '--outDir', target], { stdio: 'inherit' });
} catch {
  // tsc has said what is wrong.
  process.exit(1);
}
for (const folder of ['lua', 'migrations']) cpSync(folder, `${target}/${folder}`, { recursive: true });
