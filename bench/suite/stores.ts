import { NotPossible } from '../../scripts/not-possible.ts';
import { say } from '../../scripts/say.ts';
import { aptIsUsable, installByApt } from '../../scripts/stores/apt.ts';
import { findMysqlProgram, findRedisProgram } from '../../scripts/stores/programs.ts';
import type { StoreName } from '../../scripts/stores/store.ts';
import { loadSearchPath } from '../../src/config.ts';

/**
 * Sees to it that both stores' programs are on this machine. Not Docker: its network would be measured as well, and what a store
 * costs could not be told. Throws NotPossible.
 */
export async function needStorePrograms(env: NodeJS.ProcessEnv): Promise<void> {
  const absent = await missing(env);
  if (absent.length === 0) return;
  if (!aptIsUsable(loadSearchPath(env))) {
    throw new NotPossible(
      `the bench starts stores of its own: ${absent.join(' and ')} of this machine (redis-server 7.0+, mariadbd 10.11+ or mysqld 8.4+) must be installed`,
    );
  }
  await installByApt(absent, env, say);
  if ((await missing(env)).length > 0) throw new NotPossible('what apt-get installed is too old');
}

async function missing(env: NodeJS.ProcessEnv): Promise<StoreName[]> {
  const path = loadSearchPath(env);
  const found = { redis: await findRedisProgram(path), mysql: await findMysqlProgram(path) };
  return (['redis', 'mysql'] as const).filter((name) => found[name] === null);
}
