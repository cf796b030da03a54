// Compiles src to dist, with what the code reads at run time beside it: dist/src, dist/lua, dist/migrations.
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
rmSync('dist', { recursive: true, force: true });
try {
  execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
} catch {
  // tsc has said what is wrong.
  process.exit(1);
}
for (const folder of ['lua', 'migrations']) cpSync(folder, `dist/${folder}`, { recursive: true });
