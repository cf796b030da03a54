import { connect, type Socket } from 'node:net';
import { type Reply, takeReply } from './reply.ts';

/** Sends calls one after the other over one connection, which is opened again when the server has closed it. */
export type Connection = {
  /** The reply to these bytes, or why there is none. `reusable: false` gives the connection up afterwards. */
  ask(bytes: Buffer, options: { reusable: boolean; hasBody: boolean }): Promise<Reply | NoReply>;
  close(): void;
};

export type NoReply = { lost: string };

const timeoutMs = 15_000;

export function openConnection(baseUrl: string): Connection {
  const { hostname, port } = new URL(baseUrl);
  let socket: Socket | null = null;

  return {
    async ask(bytes, { reusable, hasBody }) {
      const isFresh = socket === null || socket.destroyed || socket.readableEnded;
      if (isFresh) socket = connect(Number(port), hostname).setNoDelay(true);
      const used = socket as Socket;
      const reply = await exchange(used, bytes, hasBody);
      const ends = 'lost' in reply || !reusable || reply.headers.get('connection') === 'close';
      if (ends) used.destroy();
      // A server may close a connection that looks idle at any moment; every HTTP client sends again then (RFC 9112, 9.3.1).
      if ('lost' in reply && !isFresh && reply.lost !== timedOut) return this.ask(bytes, { reusable, hasBody });
      return reply;
    },
    close: () => socket?.destroy(),
  };
}

const timedOut = `no answer within ${timeoutMs / 1000} s`;

function exchange(socket: Socket, bytes: Buffer, hasBody: boolean): Promise<Reply | NoReply> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    let failure = 'closed without an answer';
    const timer = setTimeout(() => done({ lost: timedOut }), timeoutMs);
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const reply = takeReply(received, { hasBody, ended: false });
      if (reply) done(reply);
    };
    const onError = (error: Error) => {
      failure = error.message;
    };
    const onClose = () => done(takeReply(received, { hasBody, ended: true }) ?? { lost: failure });
    const done = (reply: Reply | NoReply) => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose).off('error', onError);
      socket.on('error', ignored);
      resolve(reply);
    };
    socket.off('error', ignored).on('data', onData).on('close', onClose).on('error', onError);
    socket.write(bytes);
  });
}

/** Between two calls a connection may fail as it likes: the next call notices and opens another. */
const ignored = () => undefined;
