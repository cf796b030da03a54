import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { isCommit, isLastAnswer } from '../../src/testing/mysql-wire.ts';

/** Which way bytes travel: `asking` to the store, `answering` back. */
export type Way = 'asking' | 'answering';

/**
 * What becomes of a COMMIT: done and not answered, the same and then the store is gone as after a crash, never sent, or sent
 * only after its client has given it up.
 */
export type CommitHarm = 'answer-cut' | 'store-gone' | 'never-sent' | 'sent-late';

/** The network between the engine and one store. It harms nothing until it is told to. */
export type Network = {
  readonly port: number;
  /** Every chunk takes so much longer, each way. */
  delay(ms: Record<Way, number>): void;
  /** Bytes of this way vanish, and both ends wait; null ends it and cuts every connection that it has met. */
  blackHole(way: Way | null): void;
  /** Cuts every connection. */
  cut(): void;
  /** Harms COMMITs of MySQL one after the other in this way; null leaves them alone. */
  harmCommits(harm: { how: CommitHarm; lateMs: number } | null): void;
  /** How many COMMITs were harmed. */
  harmedCommits(): number;
  /** From now on it leads to another server; every connection is cut. */
  lead(toPort: number): void;
  close(): Promise<void>;
};

type State = {
  toPort: number;
  delayMs: Record<Way, number>;
  blackHole: Way | null;
  commits: { how: CommitHarm; lateMs: number } | null;
  harmed: number;
  /** Nobody listens there. */
  isGone: boolean;
  pairs: Set<Pair>;
};

type Pair = { client: Socket; store: Socket; starved: boolean };

/** Opens a port on loopback that leads to a store's. */
export async function openNetwork(toPort: number): Promise<Network> {
  const state: State = {
    toPort,
    delayMs: { asking: 0, answering: 0 },
    blackHole: null,
    commits: null,
    harmed: 0,
    isGone: false,
    pairs: new Set(),
  };
  const server = createServer((client) => join(state, client));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (which: (pair: Pair) => boolean = () => true) => {
    for (const pair of state.pairs) if (which(pair)) end(pair);
  };
  return {
    port: (server.address() as AddressInfo).port,
    delay(ms) {
      state.delayMs = ms;
    },
    blackHole(way) {
      state.blackHole = way;
      if (way === null) cut((pair) => pair.starved);
    },
    cut: () => cut(),
    harmCommits(harm) {
      state.commits = harm;
      state.isGone = false;
    },
    harmedCommits: () => state.harmed,
    lead(port) {
      state.toPort = port;
      cut();
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function join(state: State, client: Socket): void {
  if (state.isGone) return void client.destroy();
  const store = connect(state.toPort, '127.0.0.1');
  const pair: Pair = { client, store, starved: false };
  state.pairs.add(pair);
  for (const socket of [client, store]) {
    socket.setNoDelay(true);
    // A cut connection is what this file is for; whoever used it finds out by itself.
    socket.on('error', () => undefined);
  }
  const toStore = pipe(state, pair, 'asking', store);
  const toClient = pipe(state, pair, 'answering', client);
  /** Set when the next answer is one that nobody may hear. */
  const answer = { isCut: false };
  client.on('data', (chunk) => {
    const harm = state.commits;
    if (!harm || !isCommit(chunk)) return toStore(chunk);
    state.harmed += 1;
    if (harm.how === 'never-sent') return end(pair);
    if (harm.how === 'sent-late') return sendLate(pair, chunk, harm.lateMs);
    answer.isCut = true;
    toStore(chunk);
  });
  store.on('data', (chunk) => {
    if (!answer.isCut) return toClient(chunk);
    // The last one is the COMMIT's: before it MySQL might still be at work.
    if (!isLastAnswer(chunk)) return;
    end(pair);
    if (state.commits?.how !== 'store-gone') return;
    state.isGone = true;
    for (const other of state.pairs) end(other);
  });
  store.on('close', () => {
    state.pairs.delete(pair);
    client.destroy();
  });
  client.on('close', () => {
    // The store is not told when its client left while a COMMIT was on its way: it will still arrive.
    if (!late.has(pair)) store.destroy();
  });
}

const late = new WeakSet<Pair>();

function sendLate(pair: Pair, chunk: Buffer, lateMs: number): void {
  late.add(pair);
  setTimeout(() => {
    pair.store.end(chunk);
    // By now its client has given up, and an answer would find nobody.
    pair.client.destroy();
  }, lateMs);
}

/** Writes chunks in order, each after what the network takes for it. */
function pipe(state: State, pair: Pair, way: Way, to: Socket): (chunk: Buffer) => void {
  const onTheirWay: { chunk: Buffer; atMs: number }[] = [];
  const arrive = () => {
    for (let next = onTheirWay[0]; next; next = onTheirWay[0]) {
      const waitMs = next.atMs - performance.now();
      if (waitMs > 0) return void setTimeout(arrive, waitMs);
      onTheirWay.shift();
      if (to.writable) to.write(next.chunk);
    }
  };
  return (chunk) => {
    if (state.blackHole === way || pair.starved) {
      // What follows a lost piece of a stream would be nonsense, so this connection never carries anything again.
      pair.starved = true;
      return;
    }
    onTheirWay.push({ chunk, atMs: performance.now() + state.delayMs[way] });
    // Whoever comes later waits for those before, also when the network has become faster meanwhile.
    if (onTheirWay.length === 1) arrive();
  };
}

function end({ client, store }: Pair): void {
  client.destroy();
  store.destroy();
}
