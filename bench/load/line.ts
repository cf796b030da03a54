import { connect } from 'node:net';
import { type Request, requestText } from './request.ts';

/** An answer that was read to its end. */
export type Answer = { status: number; body: string };

/** One connection that is kept, one request on its way at a time. */
export type Line = { ask(request: Request): Promise<Answer>; close(): void };

type Waiting = { resolve(answer: Answer): void; reject(error: Error): void };

const headEnd = '\r\n\r\n';

/**
 * A socket and no more, where answers have to be read or sent for at a given time: autocannon can do neither by itself, and an
 * HTTP agent costs twice as much. Understands answers with a Content-Length only; anything else is an error.
 */
export async function openLine(baseUrl: string): Promise<Line> {
  const { hostname, port, host } = new URL(baseUrl);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let waiting: Waiting | null = null;
  let received = '';

  const fail = (error: Error) => {
    waiting?.reject(error);
    waiting = null;
  };
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the connection was lost')));
  // Bytes, not characters: the length counts those.
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
    try {
      const answer = takeAnswer(received);
      if (!answer) return;
      received = '';
      const { resolve } = waiting ?? { resolve: () => undefined };
      waiting = null;
      resolve(answer);
    } catch (error) {
      fail(error as Error);
    }
  });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('the connection was lost before'));
        waiting = { resolve, reject };
        socket.write(requestText(request, host));
      }),
    close: () => void socket.destroy(),
  };
}

/** The answer that these bytes are, or null while some of it is missing. */
export function takeAnswer(received: string): Answer | null {
  const end = received.indexOf(headEnd);
  if (end < 0) return null;
  const head = received.slice(0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without a length: ${head.split('\r\n')[0]}`);
  const start = end + headEnd.length;
  if (received.length < start + Number(length)) return null;
  const body = Buffer.from(received.slice(start, start + Number(length)), 'latin1').toString('utf8');
  return { status: Number(head.slice(9, 12)), body };
}
