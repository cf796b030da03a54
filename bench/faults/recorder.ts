import type { Answer, Client } from './client.ts';
import type { Kind, Line, Request } from './history.ts';

/** What a buyer or an admin wants; what is not needed may be left out. */
export type Wish = {
  kind: Kind;
  subject: string;
  buyerId: string;
  server: number;
  key?: string | null;
  lines?: Line[];
  /** The hold and its token. */
  hold?: Hold;
  ticketTypeId?: string;
  delta?: number;
};

/** A hold as its buyer knows it. */
export type Hold = { holdId: string; token: string; expiresAt: string; lines: Line[] };

export type Recorder = {
  /** Sends one request and writes down what became of it. */
  send(wish: Wish): Promise<{ request: Request; answer: Answer }>;
  history: Request[];
};

/** Records everything that its client asks. */
export function createRecorder(client: Client): Recorder {
  const history: Request[] = [];
  return {
    history,
    async send(wish) {
      const startMs = performance.now();
      const { path, body } = callOf(wish);
      const isAdmin = ['pause', 'resume', 'capacity', 'resync'].includes(wish.kind);
      const answer = await client.ask({
        ...{ method: 'POST', path, body, caller: wish.buyerId, server: wish.server, key: wish.key ?? null },
        ...(isAdmin && { scope: 'admin' }),
      });
      const request = requestOf(wish, answer, { startMs, endMs: performance.now() });
      history.push(request);
      return { request, answer };
    },
  };
}

const reason = 'the fault bench wants to see it';

function callOf({ kind, subject, lines, hold, ticketTypeId, delta }: Wish): { path: string; body: unknown } {
  switch (kind) {
    case 'reserve':
      return { path: '/purchase/reserve', body: { saleId: subject, lines } };
    case 'confirm':
    case 'release':
      return { path: `/purchase/${kind}`, body: { token: hold?.token } };
    case 'issue':
      return { path: `/coupons/${subject}/issue`, body: {} };
    case 'capacity':
      return { path: `/admin/sales/${subject}/ticket-types/${ticketTypeId}/capacity`, body: { delta, reason } };
    case 'pause':
    case 'resume':
    case 'resync':
      return { path: `/admin/sales/${subject}/${kind}`, body: { reason } };
  }
}

const granted: Record<Kind, string> = {
  reserve: 'held',
  confirm: 'confirmed',
  release: 'released',
  issue: 'issued',
  pause: 'paused',
  resume: 'resumed',
  capacity: 'changed',
  resync: 'resynced',
};

function requestOf(wish: Wish, answer: Answer, times: { startMs: number; endMs: number }): Request {
  const body = answer.body ?? {};
  const text = (name: string) => (typeof body[name] === 'string' ? body[name] : null);
  const isGranted = answer.status === 200 || answer.status === 201;
  return {
    ...times,
    kind: wish.kind,
    subject: wish.subject,
    buyerId: wish.buyerId,
    server: answer.server,
    status: answer.status,
    word: answer.reason ?? (isGranted ? granted[wish.kind] : (text('code') ?? 'without a code')),
    key: wish.key ?? null,
    holdId: text('holdId') ?? wish.hold?.holdId ?? null,
    expiresAt: text('expiresAt') ?? wish.hold?.expiresAt ?? null,
    // A refusal names ticket types only: what was wanted stands in the wish.
    lines: (isGranted && (body['lines'] as Line[] | undefined)?.map(bare)) || wish.lines || wish.hold?.lines || null,
    totalMinor: typeof body['totalMinor'] === 'number' ? body['totalMinor'] : null,
    orderId: text('orderId'),
    couponId: text('couponId'),
    ticketTypeId: wish.ticketTypeId ?? null,
    delta: wish.delta ?? null,
  };
}

function bare({ ticketTypeId, quantity }: Line): Line {
  return { ticketTypeId, quantity };
}
