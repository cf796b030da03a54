import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { readScript, shaOf } from '../redis/script.ts';
import { isLastAnswer } from './mysql-wire.ts';

/**
 * What becomes of a chunk that a client sends: `pass`; `withhold` it and all that follows on its connection until `release`;
 * forward it but withhold every answer (`mute`); forward it and cut the connection at its answer (`cut-answer`).
 */
export type Verdict = 'pass' | 'withhold' | 'mute' | 'cut-answer';

export type BadNetwork = {
  /** The target's URL with the proxy's address. */
  url: string;
  /** Decides about each chunk from now on. */
  judge: (chunk: Buffer) => Verdict;
  /** How many chunks have met another verdict than `pass`. */
  harmed(): number;
  /** Forwards whatever is withheld. */
  release(): void;
  /** Cuts every connection and refuses new ones, until `up`. */
  down(): void;
  up(): void;
  /** From now on the server is not told that a client has vanished, as when its machine loses power. */
  loseGoodbyes(): void;
  close(): Promise<void>;
};

/** A bad network before a store. It harms nothing until it is told to. */
export async function openProxy(targetUrl: string): Promise<BadNetwork> {
  const target = new URL(targetUrl);
  const own = new URL(targetUrl);
  // Redis answers a command at once, MySQL each statement of a packet.
  const isWhole = target.protocol === 'mysql:' ? isLastAnswer : () => true;
  const sockets = new Set<Socket>();
  const releases = new Set<() => void>();
  const state = { isDown: false, losesGoodbyes: false, harmed: 0 };
  const server = createServer((client) => {
    if (state.isDown) return void client.destroy();
    const upstream = connect(Number(target.port), target.hostname);
    let verdict: Verdict = 'pass';
    const withheld: Buffer[] = [];
    const release = () => {
      if (verdict !== 'withhold') return;
      verdict = 'pass';
      for (const chunk of withheld.splice(0)) upstream.write(chunk);
    };
    releases.add(release);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => {
      if (verdict === 'pass') {
        verdict = proxy.judge(chunk);
        if (verdict !== 'pass') state.harmed += 1;
      }
      if (verdict === 'withhold') withheld.push(chunk);
      else upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (verdict === 'pass') client.write(chunk);
      if (verdict === 'cut-answer' && isWhole(chunk)) for (const socket of [client, upstream]) socket.destroy();
    });
    upstream.on('close', () => client.destroy());
    client.on('close', () => {
      releases.delete(release);
      if (!state.losesGoodbyes) upstream.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  own.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const proxy: BadNetwork = {
    url: own.href,
    judge: () => 'pass',
    harmed: () => state.harmed,
    release: () => {
      for (const release of releases) release();
    },
    down: () => {
      state.isDown = true;
      cutAll();
    },
    up: () => {
      state.isDown = false;
    },
    loseGoodbyes: () => {
      state.losesGoodbyes = true;
    },
    close: async () => {
      state.isDown = true;
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

/** Whether a chunk carries these words, in a statement to MySQL or a command to Redis. */
export function mentions(words: string): (chunk: Buffer) => boolean {
  return (chunk) => chunk.includes(words);
}

/** Whether a chunk calls this script of Redis. */
export function calls(script: string): (chunk: Buffer) => boolean {
  return mentions(shaOf(readScript(script)));
}

/** Harms the first chunk that `matches` and lets everything else pass. */
export function once(matches: (chunk: Buffer) => boolean, verdict: Verdict): BadNetwork['judge'] {
  let done = false;
  return (chunk) => {
    if (done || !matches(chunk)) return 'pass';
    done = true;
    return verdict;
  };
}
