import { spawn } from 'node:child_process';
import { which } from './programs.ts';
import type { Say, StoreName } from './store.ts';

const packages: Record<StoreName, string[]> = {
  redis: ['redis-server'],
  mysql: ['mariadb-server-core', 'mariadb-client-core'],
};

/**
 * Installs server programs without their services: a policy file of our own forbids dpkg to start one, and goes (or gives
 * way to the one that was there) when the shell ends, however it ends. A service that came with a package is disabled, so
 * that the next boot does not start what nobody asked for.
 */
const script = `
set -eu
policy=/usr/sbin/policy-rc.d
saved=
restore() {
  rm -f "$policy"
  if [ -n "$saved" ]; then mv -f "$saved" "$policy"; fi
}
if [ -e "$policy" ]; then
  saved=$policy.before-onsale
  mv -f "$policy" "$saved"
fi
trap restore EXIT
trap 'exit 130' INT TERM HUP
printf '#!/bin/sh\\nexit 101\\n' > "$policy"
chmod 755 "$policy"
had_redis=$(command -v redis-server || true)
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"
if [ -z "$had_redis" ] && command -v redis-server >/dev/null; then
  if command -v systemctl >/dev/null; then systemctl disable redis-server.service || true; fi
  if command -v update-rc.d >/dev/null; then update-rc.d redis-server disable || true; fi
fi
`;

/** Whether packages can be installed here: Debian or Ubuntu, and root. */
export function aptIsUsable(path: string): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && which('apt-get', path) !== null;
}

/** Installs the programs of these stores, showing all that apt says. Throws when it fails. */
export async function installByApt(stores: StoreName[], env: NodeJS.ProcessEnv, say: Say): Promise<void> {
  const names = stores.flatMap((store) => packages[store]);
  say(`installing with apt-get: ${names.join(' ')}`);
  const child = spawn('sh', ['-c', script, 'install', ...names], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => resolve(exitCode ?? signal));
  });
  if (code !== 0) throw new Error(`apt-get could not install ${names.join(' ')} (it ended with ${String(code)})`);
}
