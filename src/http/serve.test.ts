import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { until } from '../testing/until.ts';
import { createApp } from './app.ts';
import { bearer, edgeApp, edgeOptions, unreachable } from './edge-fixtures.ts';
import { serveHttp } from './serve.ts';

const test = suite('serve');

async function withServer(run: (address: URL) => Promise<void>, app = edgeApp()): Promise<void> {
  const serving = await serveHttp(app, { host: '127.0.0.1', port: 0 });
  try {
    await run(new URL(serving.address));
  } finally {
    await serving.close();
  }
}

/** Sends raw bytes and gives back everything that comes, until the other side closes; who forgets to is cut off. */
async function raw(address: URL, text: string): Promise<string> {
  const socket = connect(Number(address.port), address.hostname);
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.on('error', () => undefined);
  socket.write(text);
  const timer = setTimeout(() => socket.destroy(), 15_000);
  await new Promise((resolve) => socket.once('close', resolve));
  clearTimeout(timer);
  return received;
}

type Got = { status: number; body: string; type: string | undefined };

/** A POST whose body comes in pieces, with or without Content-Length. */
function post(address: URL, pieces: string[], headers: Record<string, string | number>): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL('/purchase/reserve', address), {
      method: 'POST',
      agent: false,
      headers: { 'Content-Type': 'application/json', ...bearer('alice'), ...headers },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, type: response.headers['content-type'] }),
      );
    });
    for (const piece of pieces) sent.write(piece);
    sent.end();
  });
}

const bytesMax = 16_384;
/** JSON of exactly so many bytes, which is refused for its field once it was read. */
const jsonOf = (bytes: number) => `{"x":"${'a'.repeat(bytes - 8)}"}`;

test('a body of exactly the limit is read, one byte more is not, with and without Content-Length', async () => {
  await withServer(async (address) => {
    for (const chunked of [false, true]) {
      const send = (text: string) =>
        post(
          address,
          [text.slice(0, 5000), text.slice(5000)],
          chunked ? {} : { 'Content-Length': Buffer.byteLength(text) },
        );

      const fits = await send(jsonOf(bytesMax));
      assert.is(fits.status, 400, fits.body);
      assert.match(fits.body, '"code":"invalid_request"');
      const over = await send(jsonOf(bytesMax + 1));
      assert.is(over.status, 413);
      assert.is(over.type, 'application/problem+json');
      assert.match(over.body, '"code":"payload_too_large"');
    }
  });
});

test('a limit is in bytes, not in characters', async () => {
  await withServer(async (address) => {
    const text = `{"x":"${'é'.repeat(8200)}"}`;

    assert.is((await post(address, [text], {})).status, 413);
  });
});

test('ten megabytes are refused before they are kept, and the next request is served', async () => {
  await withServer(async (address) => {
    const megabyte = 'a'.repeat(1024 * 1024);
    const before = process.memoryUsage().arrayBuffers;

    const chunked = await post(address, ['{"x":"', ...Array(10).fill(megabyte), '"}'], {});
    const declared = await post(address, Array(10).fill(megabyte), { 'Content-Length': 10 * megabyte.length });

    assert.is(chunked.status, 413);
    assert.is(declared.status, 413);
    assert.ok(process.memoryUsage().arrayBuffers - before < 40 * 1024 * 1024);
    assert.is((await fetch(new URL('/livez', address))).status, 200);
  });
});

test('a body may be split anywhere, also inside a character', async () => {
  await withServer(async (address) => {
    const bytes = Buffer.from('{"é":1}');
    const head = `POST /purchase/reserve HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: ${bearer('a').Authorization}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const socket = connect(Number(address.port), address.hostname);
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.write(head);
    for (const byte of bytes) {
      socket.write(Buffer.concat([Buffer.from('1\r\n'), Buffer.from([byte]), Buffer.from('\r\n')]));
      await sleep(2);
    }
    socket.write('0\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));

    assert.match(received, '"field":"é"');
  });
});

test('a POST without any body is as good as an empty object where that is allowed', async () => {
  await withServer(async (address) => {
    const head = `POST /coupons/a%20b/issue HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${bearer('a').Authorization}\r\n\r\n`;
    const reached = head.replace('a%20b', 'summer');

    assert.match(await raw(address, head), 'HTTP/1.1 400');
    // 500 is the engine that must not be reached: the request got as far as that.
    assert.match(await raw(address, reached), 'HTTP/1.1 500');
  });
});

test('what is no HTTP is answered as a problem, never as a 5xx', async () => {
  await withServer(async (address) => {
    const bad: [string, string][] = [
      ['nonsense\r\n\r\n', '400'],
      ['GET / HTTP/1.1\r\n\r\n', '400'],
      ['GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', '400'],
      ['GET /a\\b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '400'],
      ['GET http:// HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '400'],
      ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', '400'],
      ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', '400'],
      [`GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'a'.repeat(20_000)}\r\n\r\n`, '431'],
    ];
    for (const [text, status] of bad) {
      const answer = await raw(address, text);
      assert.match(answer, `HTTP/1.1 ${status}`, text.slice(0, 60));
    }
    const answer = await raw(address, 'nonsense\r\n\r\n');
    assert.match(answer, 'Content-Type: application/problem+json');
    assert.match(answer, /X-Request-Id: [A-Za-z0-9_-]{12}-[0-9a-z]+/);
  });
});

test('a probe by HTTP/1.0 needs no Host', async () => {
  await withServer(async (address) => {
    assert.match(await raw(address, 'OPTIONS / HTTP/1.0\r\n\r\n'), 'HTTP/1.1 404');
    assert.match(await raw(address, 'GET /livez HTTP/1.0\r\n\r\n'), 'HTTP/1.1 200');
  });
});

test('a client that never ends its headers is cut off', async () => {
  await withServer(async (address) => {
    const startedMs = performance.now();

    const answer = await raw(address, 'GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ');

    assert.match(answer, 'HTTP/1.1 408');
    // A whole request has ten seconds.
    assert.ok(performance.now() - startedMs < 10_000);
  });
});

test('a request that is cut off in its body is no bug', async () => {
  const options = edgeOptions();
  await withServer(
    async (address) => {
      const socket = connect(Number(address.port), address.hostname);
      socket.write(
        `POST /purchase/reserve HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: ${bearer('a').Authorization}\r\nContent-Length: 100\r\n\r\n{"a`,
      );
      await sleep(100);
      socket.destroy();
      await sleep(100);
    },
    createApp(unreachable, options),
  );

  assert.equal(options.lines, []);
});

test('closing lets requests under way finish, takes no new ones and does not wait for idle connections', async () => {
  const slow = new Proxy(unreachable, {
    get: (target, name) =>
      name === 'health'
        ? () => sleep(300).then(() => ({ status: 'ok', redis: {}, mysql: {} }))
        : Reflect.get(target, name),
  });
  const serving = await serveHttp(createApp(slow, edgeOptions()), { host: '127.0.0.1', port: 0 });
  const address = new URL(serving.address);
  const idle = connect(Number(address.port), address.hostname);
  await fetch(new URL('/livez', address));
  const underWay = fetch(new URL('/health', address));
  await sleep(50);
  const startedMs = performance.now();

  const closed = serving.close();
  const newcomer = connect(Number(address.port), address.hostname);
  const refused = await new Promise((resolve) => {
    newcomer.once('connect', () => resolve('accepted'));
    newcomer.once('error', () => resolve('refused'));
  });
  const { status } = await underWay;
  await closed;

  assert.is(status, 200);
  assert.is(refused, 'refused');
  assert.ok(performance.now() - startedMs < 10_000, String(performance.now() - startedMs));
  idle.destroy();
});

test('while it closes, no request on an open connection is lost, and each is told that it was the last', async () => {
  const serving = await serveHttp(edgeApp(), { host: '127.0.0.1', port: 0 });
  const { port, hostname } = new URL(serving.address);
  const text = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n';
  // Connections are taken in order: whoever is served on the second knows that the first was taken, too.
  const [unused, used] = [connect(Number(port), hostname), connect(Number(port), hostname)];
  const received = { used: '', unused: '' };
  used.on('data', (chunk) => {
    received.used += chunk;
  });
  unused.on('data', (chunk) => {
    received.unused += chunk;
  });
  used.write(text);
  await until('the first request is answered', () => received.used.includes('HTTP/1.1 200'));

  // In one turn, so that both are on their way before anything becomes of the closing.
  const closed = serving.close();
  used.write(text);
  unused.write(text);
  await Promise.all([closed, ...[used, unused].map((socket) => new Promise((done) => socket.once('close', done)))]);

  assert.is(received.used.split('HTTP/1.1 200').length - 1, 2);
  assert.match(received.used, 'Connection: keep-alive');
  assert.match(received.used, 'Connection: close');
  assert.match(received.unused, 'Connection: close');
});

test('requests that do not end are cut after the grace', async () => {
  const stuck = new Proxy(unreachable, {
    get: (target, name) => (name === 'health' ? () => new Promise(() => undefined) : Reflect.get(target, name)),
  });
  const app = createApp(stuck, edgeOptions({ requestDeadlineMs: 1500 }));
  const serving = await serveHttp(app, { host: '127.0.0.1', port: 0, graceMs: 100 });
  const underWay = fetch(new URL('/health', serving.address)).catch(() => 'cut');
  await sleep(50);

  await serving.close();

  // Not answered with 503, as it would have been at its own deadline.
  assert.is(await underWay, 'cut');
  await sleep(1500);
});

test('a port that is taken is an error, not a crash', async () => {
  await withServer(async (address) => {
    const error = await serveHttp(edgeApp(), { host: '127.0.0.1', port: Number(address.port) }).then(
      () => null,
      (caught: NodeJS.ErrnoException) => caught.code,
    );

    assert.is(error, 'EADDRINUSE');
  });
});
