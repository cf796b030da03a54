import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { PrivateServer } from '../../scripts/stores/private.ts';
import { startPrivateRedis } from '../../scripts/stores.ts';
import { redisAnswers } from '../../src/probe.ts';
import { closeRedis, connectRedis, type Redis, waitForRedis } from '../../src/redis/connection.ts';
import { until } from '../../src/testing/until.ts';
import type { Ending } from '../own/ending.ts';
import type { Disk } from './disk.ts';
import type { Network } from './network.ts';

/** A Redis with its disk and a connection of ours that goes past the bad network. */
type Member = { server: PrivateServer; disk: Disk; redis: Redis };

/** A master with a replica; the network leads to the master. */
export type RedisPair = {
  master(): Member;
  replica(): Member;
  /** The replica stops following, and is a server of its own: from now on it lags behind. */
  partReplica(): Promise<void>;
  /** The network leads to what was the replica; the old master is to be dead by now. */
  failOver(network: Network): void;
  /** The old master comes back, without its data, as the replica of the new one. */
  rejoin(): Promise<void>;
  /** Waits until the replica has everything. */
  inStep(): Promise<void>;
};

const patienceMs = 15_000;

/** Starts both, each on its own disk. They end with `ending`. */
export async function openRedisPair(
  disks: readonly [Disk, Disk],
  keyPrefix: string,
  ending: Pick<Ending, 'add'>,
): Promise<RedisPair> {
  const open = async (disk: Disk): Promise<Member> => {
    const server = await startPrivateRedis({
      dir: disk.folder,
      // A replica that was away for a moment must not wait for the next second to come back.
      args: ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'],
    });
    ending.add(() => server.stop({ keepData: true }));
    const redis = connectRedis({ url: server.url, keyPrefix, commandTimeoutMs: 5000, onError: () => undefined });
    ending.add(() => closeRedis(redis));
    await waitForRedis(redis, patienceMs);
    return { server, disk, redis };
  };
  const members = [await open(disks[0]), await open(disks[1])];
  const [first, second] = members as [Member, Member];
  const order = { master: first, replica: second };
  const follow = async () => {
    await order.replica.redis.client.replicaof('127.0.0.1', order.master.server.port);
  };
  const inStep = () =>
    until(
      'the replica follows',
      async () => {
        const info = await order.replica.redis.client.info('replication');
        return /^role:slave/m.test(info) && /^master_link_status:up/m.test(info);
      },
      patienceMs,
    ).then(() => undefined);
  await follow();
  await inStep();
  return {
    master: () => order.master,
    replica: () => order.replica,
    partReplica: async () => void (await order.replica.redis.client.replicaof('NO', 'ONE')),
    failOver(network) {
      [order.master, order.replica] = [order.replica, order.master];
      network.lead(order.master.server.port);
    },
    async rejoin() {
      await order.replica.server.restart();
      await waitForRedis(order.replica.redis, patienceMs);
      await follow();
    },
    inStep,
  };
}

/** Whether the master answers, past the network. */
export function masterAnswers(pair: RedisPair): Promise<boolean> {
  return redisAnswers({ host: '127.0.0.1', port: pair.master().server.port });
}

/** The append-only file as it is now: its whole commands up to here. */
export function markAppendOnly({ server }: Pick<Member, 'server'>): { file: string; bytes: number } {
  const folder = join(server.dir, 'appendonlydir');
  const newest = readdirSync(folder)
    .filter((name) => name.endsWith('.incr.aof'))
    .sort((a, b) => serialOf(a) - serialOf(b))
    .at(-1);
  if (newest === undefined) throw new Error(`there is no incremental append-only file in ${folder}`);
  const file = join(folder, newest);
  return { file, bytes: statSync(file).size };
}

/** Cuts the file off at the mark; says how many bytes were lost. Redis drops the half of a command that may be left at the end. */
export function cutAppendOnly({ file, bytes }: { file: string; bytes: number }): number {
  const lost = statSync(file).size - bytes;
  if (lost > 0) truncateSync(file, bytes);
  return Math.max(lost, 0);
}

function serialOf(name: string): number {
  return Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? 0);
}

/** The last lines that it logged. */
export function redisLog({ server }: Pick<Member, 'server'>, lines: number): string[] {
  return readFileSync(join(server.dir, 'redis.log'), 'utf8').trimEnd().split('\n').slice(-lines);
}
