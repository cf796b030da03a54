import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mysqlAnswers, redisAnswers, waitFor } from '../../src/probe.ts';
import { spawnGuarded } from './guardian.ts';
import { freePort } from './ports.ts';
import type { OpenStore, Say, StoreName } from './store.ts';

const run = promisify(execFile);
const askTimeoutMs = 5000;
const pullTimeoutMs = 180_000;
const startTimeoutMs = 120_000;

export const images: Record<StoreName, string> = { redis: 'redis:7.4', mysql: 'mysql:8.4' };
const answers = { redis: redisAnswers, mysql: mysqlAnswers };

/** Whether a Docker engine with compose answers and has, or can get, what is needed. Says what it does and why not. */
export async function dockerHas(stores: StoreName[], say: Say): Promise<boolean> {
  try {
    // `docker info` exits 0 without an engine too, but then it has no version of the server to tell.
    const { stdout } = await run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: askTimeoutMs });
    if (!/^\d/.test(stdout.trim())) return false;
    await run('docker', ['compose', 'version'], { timeout: askTimeoutMs });
  } catch {
    // No Docker is an ordinary answer: the next choice follows.
    return false;
  }
  for (const store of stores) if (!(await imageIsThere(images[store], say))) return false;
  return true;
}

async function imageIsThere(image: string, say: Say): Promise<boolean> {
  try {
    await run('docker', ['image', 'inspect', image], { timeout: askTimeoutMs });
    return true;
  } catch {
    say(`pulling ${image} (once)`);
  }
  try {
    await run('docker', ['pull', '--quiet', image], { timeout: pullTimeoutMs });
    return true;
  } catch (error) {
    say(`Docker cannot pull ${image}: ${(error as Error).message.split('\n')[0]}`);
    return false;
  }
}

/** Starts stores by docker-compose.yml; the containers stop with us, their volumes stay. */
export async function openByCompose(input: {
  stores: StoreName[];
  projectFolder: string;
  dataFolder: string;
  password: string;
  env: NodeJS.ProcessEnv;
}): Promise<OpenStore[]> {
  const ports = { redis: await freePort(), mysql: await freePort() };
  // The password is part of the name because the volumes know only the one that they were made with.
  const project = `onsale-${createHash('sha256').update(`${input.projectFolder}\0${input.password}`).digest('hex').slice(0, 8)}`;
  const file = join(input.projectFolder, 'docker-compose.yml');
  // In the foreground: compose stops its containers at SIGTERM, which the guardian sends when we are gone.
  const compose = await spawnGuarded({
    command: 'docker',
    args: ['compose', '--project-name', project, '--file', file, 'up', '--no-color', ...input.stores],
    logFile: join(input.dataFolder, 'compose.log'),
    env: {
      ...input.env,
      ONSALE_REDIS_PORT: String(ports.redis),
      ONSALE_MYSQL_PORT: String(ports.mysql),
      ONSALE_MYSQL_PASSWORD: input.password,
    },
  });
  let ended = false;
  void compose.exited.then(() => {
    ended = true;
  });
  const failed = () => (ended ? `docker compose ended: see ${join(input.dataFolder, 'compose.log')}` : null);
  const close = () => compose.end({ keep: true });

  try {
    for (const store of input.stores) {
      const address = { host: '127.0.0.1', port: ports[store] };
      await waitFor({ what: store, answers: () => answers[store](address), failed, timeoutMs: startTimeoutMs });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return input.stores.map((name) => ({
    name,
    url: urlOf(name, '127.0.0.1', ports[name], input.password),
    from: 'docker compose',
    close,
  }));
}

/** Starts throw-away stores; testcontainers removes them even when we are killed. */
export async function openByTestcontainers(stores: StoreName[]): Promise<OpenStore[]> {
  const { GenericContainer } = await import('testcontainers');
  const password = randomBytes(18).toString('base64url');
  const plans = {
    redis: () =>
      new GenericContainer(images.redis)
        .withCommand([
          ...'redis-server --appendonly yes --auto-aof-rewrite-min-size 512mb'.split(' '),
          ...'--maxmemory-policy noeviction --hz 100'.split(' '),
          '--save',
          '',
        ])
        .withExposedPorts(6379),
    mysql: () =>
      new GenericContainer(images.mysql)
        .withCommand([...'--character-set-server=utf8mb4 --default-time-zone=+00:00 --max-connections=300'.split(' ')])
        .withEnvironment({ MYSQL_ROOT_PASSWORD: password, MYSQL_DATABASE: 'onsale' })
        .withExposedPorts(3306),
  };
  const opened: OpenStore[] = [];
  try {
    for (const name of stores) {
      const container = await plans[name]().withStartupTimeout(startTimeoutMs).start();
      const address = { host: container.getHost(), port: container.getMappedPort(name === 'redis' ? 6379 : 3306) };
      const url = urlOf(name, address.host, address.port, password).replace('//onsale:', '//root:');
      opened.push({ name, url, from: 'testcontainers', close: async () => void (await container.stop()) });
      await waitFor({ what: name, answers: () => answers[name](address), timeoutMs: startTimeoutMs });
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map((store) => store.close()));
    throw error;
  }
}

function urlOf(store: StoreName, host: string, port: number, password: string): string {
  return store === 'redis' ? `redis://${host}:${port}` : `mysql://onsale:${password}@${host}:${port}/onsale`;
}
