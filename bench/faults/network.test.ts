import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { until } from '../../src/testing/until.ts';
import { openNetwork } from './network.ts';

const test = suite('the network of the fault bench');

/** The packet of a COMMIT in MySQL's protocol. */
const commit = Buffer.concat([Buffer.from([7, 0, 0, 0, 3]), Buffer.from('COMMIT')]);

/** A store that repeats whatever it hears, and what it has heard. */
async function openEcho() {
  const heard: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard.push(chunk);
      socket.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, text: () => Buffer.concat(heard).toString('latin1'), close };
}

/** Whether something that is said there is answered. */
function reaches(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('there?'));
    socket.on('error', () => undefined);
    socket.on('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('close', () => resolve(false));
  });
}

/** Runs with a network before an echo and a client behind it. */
async function withClient(
  work: (it: {
    network: Awaited<ReturnType<typeof openNetwork>>;
    echo: Awaited<ReturnType<typeof openEcho>>;
    client: Socket;
    answered: () => string;
    isClosed: () => boolean;
  }) => Promise<void>,
): Promise<void> {
  const echo = await openEcho();
  const network = await openNetwork(echo.port);
  const client = connect(network.port, '127.0.0.1');
  const seen = { text: '', closed: false };
  client.setEncoding('latin1');
  client.on('data', (text) => {
    seen.text += text;
  });
  client.on('error', () => undefined);
  client.on('close', () => {
    seen.closed = true;
  });
  try {
    client.write('hello ');
    await until('the first answer', () => seen.text === 'hello ');
    await work({ network, echo, client, answered: () => seen.text, isClosed: () => seen.closed });
  } finally {
    client.destroy();
    await network.close();
    await echo.close();
  }
}

test('what was sent while it was slow arrives before what is sent once it is fast again', () =>
  withClient(async ({ network, client, answered }) => {
    network.delay({ asking: 60, answering: 0 });
    client.write('slow ');
    await new Promise((resolve) => setTimeout(resolve, 20));
    network.delay({ asking: 0, answering: 0 });
    client.write('fast');

    await until('both answers', () => answered().includes('fast'));

    assert.is(answered(), 'hello slow fast');
  }));

test('bytes that vanish are never answered, and their connection is cut in the end', () =>
  withClient(async ({ network, echo, client, answered, isClosed }) => {
    network.blackHole('asking');
    client.write('lost');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = isClosed();
    network.blackHole(null);

    await until('the connection is cut', isClosed);

    assert.is(before, false);
    assert.is(answered(), 'hello ');
    assert.is(echo.text(), 'hello ');
  }));

for (const [how, arrives] of [
  ['answer-cut', true],
  ['store-gone', true],
  ['sent-late', true],
  ['never-sent', false],
] as const) {
  test(`a COMMIT that is ${how} ${arrives ? 'arrives' : 'does not arrive'}, and is not answered`, () =>
    withClient(async ({ network, echo, client, answered, isClosed }) => {
      network.harmCommits({ how, lateMs: 50 });
      client.write(commit);

      await until('the connection is cut', isClosed);
      if (arrives) await until('it arrives', () => echo.text().endsWith('COMMIT'));

      assert.is(answered(), 'hello ');
      assert.is(echo.text().includes('COMMIT'), arrives);
      assert.is(network.harmedCommits(), 1);
    }));
}

test('a store that is gone after a COMMIT is back when the harm is over', () =>
  withClient(async ({ network, client, isClosed }) => {
    network.harmCommits({ how: 'store-gone', lateMs: 0 });
    client.write(commit);
    await until('the connection is cut', isClosed);

    const refused = await reaches(network.port);
    network.harmCommits(null);
    const back = await reaches(network.port);

    assert.equal([refused, back], [false, true]);
  }));

test('it leads elsewhere when it is told to, and cuts what led to the old place', () =>
  withClient(async ({ network, isClosed }) => {
    const other = await openEcho();
    network.lead(other.port);
    const client = connect(network.port, '127.0.0.1');
    client.write('over here');

    await until('the other hears', () => other.text() === 'over here');
    await until('the old connection is cut', isClosed);

    client.destroy();
    await other.close();
  }));
