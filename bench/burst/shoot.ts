import autocannon from 'autocannon';
import { createSchedule, type Shot } from './schedule.ts';
import { createTally, type Tally } from './tally.ts';

export type ShootInput = {
  baseUrl: string;
  /** One access token for each buyer. */
  tokens: readonly string[];
  saleId: string;
  ticketTypeId: string;
  connections: number;
  rate: number | null;
  timeoutSeconds: number;
  pays: (buyer: number) => boolean;
  onProgress?: (reserves: number, confirms: number) => void;
  signal?: AbortSignal;
};

/** What came of it. Times are milliseconds from the first shot of a kind to the last answer to one. */
export type Shots = {
  tally: Tally;
  holdIds: string[];
  orderIds: string[];
  reserveMs: number;
  confirmMs: number;
};

type Line = { fire(shot: Shot): void };
/** The one step of a connection that has to wait for its turn; not in autocannon's types, hence the check below. */
type Client = autocannon.Client & { _doRequest(): void };

const dayInSeconds = 86_400;

/**
 * Lets every buyer press reserve exactly once, and the winners who pay confirm as soon as they know. Each request carries
 * an id that its answer repeats, so an answer is never taken for another's, whatever becomes of connections. Nothing is
 * repeated: what a lost connection or a timeout left without an answer is counted as such. Rejects when interrupted.
 */
export async function shoot(input: ShootInput): Promise<Shots> {
  const schedule = createSchedule({ buyers: input.tokens.length, rate: input.rate });
  const shots: Shots = { tally: createTally(), holdIds: [], orderIds: [], reserveMs: 0, confirmMs: 0 };
  const inFlight = new Map<string, Shot>();
  const idle = new Set<Line>();
  let timer: NodeJS.Timeout | undefined;

  const pump = () => {
    clearTimeout(timer);
    for (const line of idle) {
      const shot = schedule.next();
      if (!shot) break;
      idle.delete(line);
      inFlight.set(shot.id, shot);
      line.fire(shot);
    }
    const waitMs = schedule.waitMs();
    if (idle.size > 0 && waitMs !== null) timer = setTimeout(pump, waitMs);
  };
  const settle = (shot: Shot, outcome: string, isAnswer: boolean) => {
    inFlight.delete(shot.id);
    const nowMs = performance.now();
    shots.tally.add(shot.kind, outcome, isAnswer ? nowMs - shot.dueMs : null);
    schedule.settled(shot.kind);
    if (isAnswer) shots[shot.kind === 'reserve' ? 'reserveMs' : 'confirmMs'] = nowMs - schedule.startedMs(shot.kind);
    input.onProgress?.(schedule.done('reserve'), schedule.done('confirm'));
    if (schedule.isOver()) cannon.stop();
  };
  const note = ({ holdId, token, orderId }: Granted, { kind, buyer }: Shot) => {
    if (kind === 'confirm') shots.orderIds.push(orderId ?? 'none');
    else shots.holdIds.push(holdId ?? 'none');
    if (kind === 'reserve' && token && input.pays(buyer)) schedule.confirm(buyer, token);
  };
  const answered = (id: string, status: number, body: string) => {
    const shot = inFlight.get(id);
    if (!shot) return;
    const { outcome, granted } = read(status, body);
    if (granted) note(granted, shot);
    settle(shot, outcome, true);
  };
  const lost = (shot: Shot) => {
    const isTimeout = performance.now() - shot.sentMs >= input.timeoutSeconds * 990;
    if (inFlight.has(shot.id)) settle(shot, isTimeout ? 'timeout' : 'connection lost', false);
  };

  const ready = (line: Line) => {
    idle.add(line);
    pump();
  };
  const cannon = fire(input, (client) => setUp(client, { input, answered, lost, ready }));
  await cannon.over;
  clearTimeout(timer);
  return shots;
}

/** Opens the connections; they are kept until somebody stops them, and `over` rejects when that was the signal. */
function fire(
  { baseUrl, connections, tokens, timeoutSeconds, signal }: ShootInput,
  setupClient: (client: Client) => void,
): { stop(): void; over: Promise<void> } {
  const options = {
    url: baseUrl,
    connections: Math.min(connections, tokens.length),
    duration: dayInSeconds,
    sampleInt: 50,
    timeout: timeoutSeconds,
    setupClient: (client: autocannon.Client) => setupClient(client as Client),
  };
  let cannon: autocannon.Instance | undefined;
  const stop = () => cannon?.stop();
  const over = new Promise<void>((resolve, reject) => {
    cannon = autocannon(options, (error) => (error ? reject(error) : resolve()));
  });
  signal?.addEventListener('abort', stop);
  const ended = () => signal?.removeEventListener('abort', stop);
  return { stop, over: over.finally(ended).then(() => signal?.throwIfAborted()) };
}

/**
 * Makes a connection wait for the schedule before each request: autocannon by itself can neither idle nor follow an answer
 * with a request of another kind, and its own rates send a second's worth at the beginning of the second.
 */
function setUp(
  client: Client,
  on: {
    input: ShootInput;
    answered: (id: string, status: number, body: string) => void;
    lost: (shot: Shot) => void;
    ready: (line: Line) => void;
  },
): void {
  const send = client._doRequest;
  if (typeof send !== 'function') throw new Error('this version of autocannon is not known: 9.0.0 is needed');
  let current: Shot | null = null;
  const line: Line = {
    fire(shot) {
      current = shot;
      client.setRequests([
        {
          ...requestOf(shot, on.input),
          onResponse: (status, body, _context, headers) => {
            on.answered(String(headers?.['x-request-id'] ?? headers?.['X-Request-Id']), status, body);
          },
        },
      ]);
      send.call(client);
    },
  };
  // Called for the first time, after an answer, and after a new connection had to be made in place of a lost one.
  client._doRequest = () => {
    if (current) on.lost(current);
    current = null;
    on.ready(line);
  };
}

function requestOf(shot: Shot, { tokens, saleId, ticketTypeId }: ShootInput): autocannon.Request {
  const body = shot.kind === 'reserve' ? { saleId, lines: [{ ticketTypeId, quantity: 1 }] } : { token: shot.token };
  return {
    method: 'POST',
    path: `/purchase/${shot.kind}`,
    headers: {
      authorization: `Bearer ${tokens[shot.buyer]}`,
      'content-type': 'application/json',
      'x-request-id': shot.id,
    },
    body: JSON.stringify(body),
  };
}

type Granted = { holdId?: string; token?: string; orderId?: string };

/** The name of an answer: its status with the problem's code, or with what was granted. */
function read(status: number, body: string): { outcome: string; granted: Granted | null } {
  if (status !== 200 && status !== 201) {
    return { outcome: `${status} ${/"code":"(\w+)"/.exec(body)?.[1] ?? 'without a code'}`, granted: null };
  }
  try {
    const granted = JSON.parse(body) as Granted;
    const what = granted.orderId ? 'confirmed' : granted.token ? 'held' : 'of an unknown kind';
    return { outcome: `${status} ${what}`, granted };
  } catch {
    return { outcome: `${status} unreadable`, granted: null };
  }
}
