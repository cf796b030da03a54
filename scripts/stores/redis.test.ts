import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { startPrivateRedis } from './redis.ts';

const test = suite('private Redis');

async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${command}\r\n`);
  const [answer] = await once(socket, 'data');
  socket.destroy();
  return String(answer);
}

test('it forgets nothing over a graceful stop, stays where it was, and its folder goes in the end', async () => {
  const redis = await startPrivateRedis();
  await ask(redis.port, 'SET kept yes');
  const before = redis.pid;

  await redis.stop({ keepData: true });
  await redis.restart();

  assert.match(await ask(redis.port, 'GET kept'), 'yes');
  assert.is.not(redis.pid, before);
  await redis.stop();
  assert.not(existsSync(redis.dir));
});

test('it can be killed and started again', async () => {
  const redis = await startPrivateRedis();

  await redis.kill9();
  await redis.restart();

  assert.match(await ask(redis.port, 'PING'), 'PONG');
  await redis.stop();
});

test('where we may, it has real-time priority, and its threads in the background have not', async () => {
  const redis = await startPrivateRedis();
  const { pid } = redis;
  // The fields of proc(5) behind the name, which may hold spaces: the policy is the 41st of all.
  const policyOf = (task: string) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8').split(') ')[1]?.split(' ')[41 - 3]);
  const isLinux = existsSync('/proc/self/stat');
  const policies = isLinux ? readdirSync(`/proc/${pid}/task`).map((task) => [Number(task), policyOf(task)]) : [];
  await redis.stop();

  const may = isLinux && spawnSync('chrt', ['--rr', '1', 'true']).status === 0;
  for (const [task, policy] of policies) assert.is(policy, may && task === pid ? 2 : 0, `task ${task}`);
});
