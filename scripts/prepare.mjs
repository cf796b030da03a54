// Plain JavaScript: it runs before anything is installed.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Makes a bare clone runnable: checks Node, installs what package-lock.json says, and lets Node import TypeScript. */
export async function prepare() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`onsale needs Node 20.19 or newer; this is ${process.versions.node}`);
    process.exit(1);
  }
  // tsx and relative paths are resolved from the working directory.
  process.chdir(root);
  if (!isInstalled()) await install();
  const { register } = await import('tsx/esm/api');
  register();
}

/** Compares the lock with what npm says it installed; packages for other platforms may be absent. */
function isInstalled() {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(installedFile);
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const there = installed[path];
    return there ? there.version === entry.version && there.integrity === entry.integrity : entry.optional === true;
  });
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

async function install() {
  const startedAtMs = Date.now();
  console.log('installing dependencies (npm ci)');
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const args = [...npm.slice(1), 'ci', '--no-audit', '--no-fund', '--include=dev'];
  const child = spawn(npm[0], args, { cwd: root, stdio: 'inherit' });
  const ticker = setInterval(() => console.log(`  still installing, ${seconds(startedAtMs)} s`), 5000);
  const end = () => child.kill('SIGTERM');
  process.once('SIGTERM', end);
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => resolve(exitCode ?? signal));
  });
  process.removeListener('SIGTERM', end);
  clearInterval(ticker);
  if (code !== 0) {
    console.error(`npm ci ended with ${code}`);
    process.exit(1);
  }
  console.log(`dependencies installed in ${seconds(startedAtMs)} s`);
}

function seconds(sinceMs) {
  return ((Date.now() - sinceMs) / 1000).toFixed(1);
}
