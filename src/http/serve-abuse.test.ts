import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { bearer, edgeApp } from './edge-fixtures.ts';
import { serveHttp } from './serve.ts';

const test = suite('serve, abused', { timeoutMs: 60_000 });
const serving = await serveHttp(edgeApp(), { host: '127.0.0.1', port: 0 });
test.after(() => serving.close());
const address = new URL(serving.address);

type Line = { socket: Socket; received: string; closedAfterMs: number | null; closed: Promise<void> };

/** A connection of which everything is noted that the server does to it. */
function open(at = address): Line {
  const socket = connect(Number(at.port), at.hostname);
  const startedMs = performance.now();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const line: Line = { socket, received: '', closedAfterMs: null, closed };
  socket.on('data', (chunk: Buffer) => {
    line.received += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    line.closedAfterMs = performance.now() - startedMs;
  });
  return line;
}

/** Says something on a connection of its own and waits for its end; what the server does not end is cut off. */
async function say(text: string): Promise<Line> {
  const line = open();
  line.socket.write(text, 'latin1');
  const timer = setTimeout(() => line.socket.destroy(), 10_000);
  await line.closed;
  clearTimeout(timer);
  return line;
}

const get = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (...headers: string[]) =>
  ['POST /purchase/reserve HTTP/1.1', 'Host: x', `Authorization: ${bearer('mallory').Authorization}`, ...headers].join(
    '\r\n',
  );
const json = 'Content-Type: application/json';

/** Asks for some thirty megabytes, takes none of them for 22 s, and then what is left. */
async function stall(): Promise<Line> {
  const line = open();
  line.socket.pause();
  line.socket.write('GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20));
  await sleep(22_000);
  line.socket.resume();
  await Promise.race([line.closed, sleep(3000)]);
  line.socket.destroy();
  return line;
}

// It is slow by its nature, so it goes on while the others run.
const stalled = stall();

test('five hundred who send a byte a second and fifty who send nothing are cut off, and others are served meanwhile', async () => {
  const head = 'GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ';
  const body = `${post(json, 'Content-Length: 1000')}\r\n\r\n{"`;
  const slow = [
    ...Array.from({ length: 250 }, () => ({ line: open(), first: head, limitMs: 5000 })),
    ...Array.from({ length: 250 }, () => ({ line: open(), first: body, limitMs: 10_000 })),
    ...Array.from({ length: 50 }, () => ({ line: open(), first: '', limitMs: 5000 })),
  ];
  for (const { line, first } of slow) line.socket.write(first);
  await Promise.all(slow.map(({ line }) => once(line.socket, 'connect')));
  const drip = setInterval(() => {
    for (const { line, first } of slow) if (first !== '' && line.socket.writable) line.socket.write('a');
  }, 1000);

  let servedBesideAll = 0;
  const cut = () => slow.filter(({ line }) => line.closedAfterMs !== null).length;
  for (let i = 0; i < 1000 && cut() < slow.length; i += 1) {
    const response = await fetch(new URL('/livez', address));
    const isServed = response.status === 200 && (await response.text()) !== '';
    if (isServed && cut() === 0) servedBesideAll += 1;
    await sleep(50);
  }
  clearInterval(drip);

  // How many depends on the machine.
  assert.ok(servedBesideAll > 0);
  for (const { line, first, limitMs } of slow) {
    assert.match(line.received, /^HTTP\/1\.1 408 /, first);
    // The clock is looked at once a second, and the machine may be busy.
    assert.ok((line.closedAfterMs ?? Number.POSITIVE_INFINITY) < limitMs + 5000, `${first}: ${line.closedAfterMs} ms`);
  }
});

test('a body that never ends is cut off, whether anybody reads it or not', async () => {
  const chunk = `1000\r\n${'a'.repeat(0x1000)}\r\n`;
  const starts = [
    `${post(json, 'Transfer-Encoding: chunked')}\r\n\r\n`,
    'POST /purchase/reserve HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
    'GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
  ];
  const lines = starts.map((start) => {
    const line = open();
    line.socket.write(start);
    const pump = setInterval(() => line.socket.write(chunk), 20);
    line.socket.on('close', () => clearInterval(pump));
    return line;
  });
  await Promise.all(lines.map((line) => line.closed));

  const statuses = lines.map((line) => /^HTTP\/1\.1 (\d+)/.exec(line.received)?.[1]);
  assert.equal(statuses, ['413', '401', '200']);
  for (const line of lines)
    assert.ok((line.closedAfterMs ?? Number.POSITIVE_INFINITY) < 15_000, `${line.closedAfterMs} ms`);
});

test('too many headers, none that is needed and an unknown expectation are each refused as a problem', async () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: a\r\n`).join('');
  const bad: [string, string][] = [
    [`GET /livez HTTP/1.1\r\nHost: x\r\n${many(100)}\r\n`, '431'],
    [`GET /livez HTTP/1.1\r\nHost: x\r\n${many(3000)}\r\n`, '431'],
    [`GET /livez HTTP/1.1\r\nHost: x\r\nX-Big: ${'a'.repeat(20_000)}\r\n\r\n`, '431'],
    ['GET /livez HTTP/1.1\r\n\r\n', '400'],
    [`${post(json, 'Expect: a-miracle', 'Content-Length: 2')}\r\n\r\n{}`, '417'],
  ];
  for (const [text, status] of bad) {
    const { received } = await say(text);
    assert.match(received, `HTTP/1.1 ${status} `, text.slice(0, 60));
    assert.match(received, 'Content-Type: application/problem+json');
    assert.match(received, `"status":${status}`);
    assert.match(received, /X-Request-Id: ([\w-]+)\r\n[\s\S]*"instance":"\1"/);
  }
  assert.match((await say(`GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${many(98)}\r\n`)).received, ' 200 ');
});

test('no request can be hidden in another: a length that can be read in two ways ends the connection', async () => {
  const chunked = 'Transfer-Encoding: chunked';
  const heads = [
    ['Content-Length: 5', chunked],
    [chunked, 'Content-Length: 5'],
    [chunked, 'Transfer-Encoding: identity'],
    ['Transfer-Encoding: xchunked'],
    ['Transfer-Encoding: \x0bchunked'],
    ['Transfer-Encoding : chunked'],
    ['Transfer-Encoding: chunked, identity'],
    ['Transfer-Encoding:\r\n chunked'],
    ['Content-Length: 0', 'Content-Length: 34'],
    ['Content-Length: 0, 0'],
    ['Content-Length: +0'],
    ['Content-Length: 0x0'],
    ['Content-Length: '],
    ['X-Folded: a\r\n b'],
    ['X-Bare: a\nX-Hidden: b'],
    ['X-Bare: a\rX-Hidden: b'],
    ['X-Null: a\0b'],
  ];
  for (const headers of heads) {
    const { received } = await say(`${post(json, ...headers)}\r\n\r\n0\r\n\r\n${get}`);
    assert.match(received, /^HTTP\/1\.1 400 /, JSON.stringify(headers));
    assert.is(received.split('HTTP/1.1 ').length - 1, 1, JSON.stringify(headers));
  }
  for (const chunks of [
    '2;\nxx\r\n4c\r\n0\r\n\r\n',
    '0\n\n',
    '0 \r\n\r\n',
    '-1\r\n',
    'x\r\n',
    '1\r\naXX\r\n0\r\n\r\n',
  ]) {
    const { received } = await say(`${post(json, chunked)}\r\n\r\n${chunks}${get}`);
    assert.not.match(received, ' 200 ', JSON.stringify(chunks));
  }
});

test('no more connections than the bound are taken, those that are there are served, and places are given away again', async () => {
  const bounded = await serveHttp(edgeApp(), { host: '127.0.0.1', port: 0, connectionsMax: 50 });
  const at = new URL(bounded.address);
  const taken = Array.from({ length: 50 }, () => open(at));
  await Promise.all(taken.map(({ socket }) => once(socket, 'connect')));
  const flood = Array.from({ length: 200 }, () => open(at));

  await Promise.all(flood.map((line) => line.closed));
  taken[0]?.socket.write(get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  await taken[0]?.closed;
  const status = (await fetch(new URL('/livez', at), { headers: { Connection: 'close' } })).status;
  await bounded.close();

  assert.ok(flood.every(({ received }) => received === ''));
  assert.match(taken[0]?.received ?? '', ' 200 ');
  assert.is(status, 200);
});

test('who takes nothing of an answer is cut off', async () => {
  const line = await stalled;

  const answers = line.received.split('HTTP/1.1 200 OK').length - 1;
  assert.ok(answers < 20, `${answers} answers were kept for it`);
});
