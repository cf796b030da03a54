import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { type ShootInput, shoot } from './shoot.ts';

const test = suite('shooting of a burst');

const buyers = 1000;

/** What stands in for an engine: it notes whom it sees, and answers, hangs or hangs up as it is told. */
async function shootAt(
  answer: (request: { id: string; body: string }, response: ServerResponse) => void,
  options: Partial<ShootInput> = {},
) {
  const seen: string[] = [];
  const credentials = new Set<string>();
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await textOf(request);
    const id = String(request.headers['x-request-id']);
    seen.push(id);
    credentials.add(String(request.headers.authorization));
    response.setHeader('x-request-id', id);
    answer({ id, body }, response);
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tokens = Array.from({ length: buyers }, (_, buyer) => `token-${buyer}`);
  try {
    const shots = await shoot({
      ...{ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tokens },
      ...{ saleId: 'sale', ticketTypeId: 'ga', connections: 20, rate: null, timeoutSeconds: 5, pays: () => true },
      ...options,
    });
    return { shots, seen, credentials };
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** The first tenth wins. */
function sell({ id }: { id: string }, response: ServerResponse): void {
  const [kind, buyer] = id.split('-');
  if (kind === 'confirm') return void response.writeHead(201).end(JSON.stringify({ orderId: `order-${buyer}` }));
  if (Number(buyer) >= buyers / 10) return void response.writeHead(409).end('{"code":"sold_out"}');
  response.writeHead(201).end(JSON.stringify({ holdId: `hold-${buyer}`, token: `receipt-${buyer}` }));
}

test('every buyer presses once with credentials of their own, every winner confirms once', async () => {
  const { shots, seen, credentials } = await shootAt(sell);

  assert.is(seen.length, 1100);
  assert.is(new Set(seen).size, 1100);
  assert.is(credentials.size, buyers);
  assert.equal(shots.tally.counts('reserve'), { '201 held': 100, '409 sold_out': 900 });
  assert.equal(shots.tally.counts('confirm'), { '201 confirmed': 100 });
  assert.is(new Set(shots.holdIds).size, 100);
  assert.is(new Set(shots.orderIds).size, 100);
  assert.is(shots.tally.latency('reserve')?.count, buyers);
});

test('who does not pay does not confirm, and each confirms with their own receipt', async () => {
  const receipts: string[] = [];
  const { seen } = await shootAt(
    (request, response) => {
      if (request.id.startsWith('confirm')) receipts.push(`${request.id} ${request.body}`);
      sell(request, response);
    },
    { pays: (buyer) => buyer % 2 === 0 },
  );

  assert.is(seen.length, buyers + 50);
  assert.ok(receipts.every((it) => /^confirm-(\d+) \{"token":"receipt-\1"\}$/.test(it)));
});

test('what is never answered is counted apart, sent once, and does not spoil the answers of others', async () => {
  const unreliable = (request: { id: string; body: string }, response: ServerResponse) => {
    if (/^reserve-5.5$/.test(request.id)) return;
    if (/^reserve-6.5$/.test(request.id) || request.id === 'confirm-7') return void response.destroy();
    if (request.id === 'confirm-8') return void response.socket?.end();
    sell(request, response);
  };
  const { shots, seen } = await shootAt(unreliable, { timeoutSeconds: 3 });

  assert.is(new Set(seen).size, seen.length);
  assert.equal(shots.tally.counts('reserve'), {
    ...{ '201 held': 100, '409 sold_out': 880, 'connection lost': 10, timeout: 10 },
  });
  assert.equal(shots.tally.counts('confirm'), { '201 confirmed': 98, 'connection lost': 2 });
  assert.is(shots.tally.latency('reserve')?.count, 980);
});

test('an engine that dies leaves everybody after it without an answer, and the burst ends', async () => {
  let answers = 0;
  const { shots } = await shootAt((request, response) => {
    answers += 1;
    if (answers > 500) response.socket?.destroy();
    else sell(request, response);
  });

  const { 'connection lost': lost = 0, ...answered } = shots.tally.counts('reserve');
  assert.is(lost + Object.values(answered).reduce((total, times) => total + times, 0), buyers);
  assert.ok(lost >= 400);
});

test('an open loop sends at its rate, and a buyer who had to wait for a connection has waited', async () => {
  const slow = (request: { id: string }, response: ServerResponse) => setTimeout(sell, 20, request, response);
  const { shots } = await shootAt(slow, { rate: 1000, pays: () => false });
  const crowded = await shootAt(slow, { rate: 1000, pays: () => false, connections: 10 });

  assert.ok(shots.reserveMs >= 999);
  // Ten connections carry at most 500 a second: the last buyer comes after one second and is answered after two.
  assert.ok((crowded.shots.tally.latency('reserve')?.max ?? 0) > 900);
});

test('an interruption ends it', async () => {
  const abort = new AbortController();
  const reason = new Error('interrupted');

  const ended = await shootAt(() => abort.abort(reason), { signal: abort.signal }).catch((error: unknown) => error);

  assert.is(ended, reason);
});
