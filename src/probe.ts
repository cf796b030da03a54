import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

type Address = { host: string; port: number };

/** Whether a Redis answers commands there: one that is still loading its data, or only a replica of a lost one, does not. */
export async function redisAnswers(address: Address): Promise<boolean> {
  const answer = await converse(address, 'PING\r\n');
  return /^[+-]/.test(answer) && !/^-(LOADING|MASTERDOWN)/.test(answer);
}

/** Whether a MySQL greets there (protocol version 10, after a header of four bytes). */
export async function mysqlAnswers(address: Address): Promise<boolean> {
  return (await converse(address, '')).charCodeAt(4) === 10;
}

/** Whether anybody accepts connections there; all that can be asked before TLS. */
export function accepts(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('connect', () => done(true));
  });
}

/** Asks every 50 ms until `answers`. Throws after the time is up, or when `failed` tells why it will never. */
export async function waitFor(input: {
  what: string;
  answers: () => Promise<boolean>;
  timeoutMs: number;
  failed?: () => string | null;
}): Promise<void> {
  const deadline = performance.now() + input.timeoutMs;
  while (!(await input.answers())) {
    const reason = input.failed?.() ?? null;
    if (reason !== null) throw new Error(`${input.what}: ${reason}`);
    if (performance.now() > deadline)
      throw new Error(`${input.what} did not answer within ${input.timeoutMs / 1000} s`);
    await sleep(50);
  }
}

/** Waits for both stores as the configuration names them, together. Throws naming each that did not answer in time. */
export async function waitForStores(config: {
  redis: { url: string };
  mysql: { url: string };
  startWaitMs: number;
}): Promise<void> {
  const [redis, mysql] = [new URL(config.redis.url), new URL(config.mysql.url)];
  const at = (url: URL, port: number): Address => ({
    // URL keeps the brackets of an IPv6 address, sockets do not want them.
    host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: Number(url.port || port),
  });
  const asked = [
    { name: 'Redis', address: at(redis, 6379), answers: redis.protocol === 'rediss:' ? accepts : redisAnswers },
    { name: 'MySQL', address: at(mysql, 3306), answers: mysqlAnswers },
  ];
  const results = await Promise.allSettled(
    asked.map(({ name, address, answers }) =>
      waitFor({
        what: `${name} at ${address.host}:${address.port}`,
        answers: () => answers(address),
        timeoutMs: config.startWaitMs,
      }),
    ),
  );
  const missing = results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as Error).message] : []));
  if (missing.length > 0) throw new Error(missing.join('\n'));
}

/** Says something and returns the first thing that comes back; nothing when nobody is there. */
function converse(address: Address, words: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const done = (answer: string) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => done(''));
    socket.once('error', () => done(''));
    socket.once('close', () => done(''));
    socket.once('data', (data) => done(data.toString('latin1')));
    if (words) socket.write(words);
  });
}
