import type { Redis } from './connection.ts';
import { command } from './script.ts';

/** The server's name and version, such as `Redis 8.0.6` or `Valkey 9.1.2`. Throws UnavailableError. */
export async function serverVersion(redis: Redis): Promise<string> {
  const info = await command(redis, (client) => client.info('server'));
  const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1];
  return valkey ? `Valkey ${valkey}` : `Redis ${/^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown'}`;
}

/** What the engine needs of the server's configuration: a full memory must refuse, never evict; nothing else is certain. */
export type ServerCheck = { evictionPolicy: string; isPersistent: boolean };

/** Reads eviction policy and persistence from INFO, which also managed servers answer. Throws UnavailableError. */
export async function checkServer(redis: Redis): Promise<ServerCheck> {
  const info = await command(redis, (client) => client.info());
  return {
    evictionPolicy: /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown',
    isPersistent: /^aof_enabled:1/m.test(info),
  };
}
