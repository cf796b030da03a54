import type { LocalSecrets } from '../local.ts';
import { portIsFree } from '../stores/ports.ts';
import type { Say } from '../stores/store.ts';

const usualPort = '3000';

/** The environment of a local run: what the caller set wins, the rest is found or made here. */
export async function localEnvironment(
  env: NodeJS.ProcessEnv,
  urls: { redisUrl: string; databaseUrl: string },
  secrets: LocalSecrets,
  say: Say,
): Promise<NodeJS.ProcessEnv> {
  const host = env['HOST'] || '127.0.0.1';
  return {
    LOG_LEVEL: 'warn',
    // A provider's keys replace the local secret.
    ...(env['AUTH_JWKS_URL'] ? {} : { AUTH_JWT_SECRET: secrets.jwtSecret }),
    ...withoutEmpty(env),
    HOST: host,
    PORT: env['PORT'] || (await choosePort(host, say)),
    REDIS_URL: urls.redisUrl,
    DATABASE_URL: urls.databaseUrl,
  };
}

async function choosePort(host: string, say: Say): Promise<string> {
  if (await portIsFree(host, Number(usualPort))) return usualPort;
  say(`port ${usualPort} is in use: taking a free one (choose yours with PORT=…)`);
  return '0';
}

function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}
