import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { stack } from './stack.ts';

/** A way to MySQL that can be cut, and that can lose the answer to a statement. */
export type FlakyMysql = {
  url: string;
  /** Ends every connection and refuses new ones until `mend`. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** The server runs the next statement that begins with this, and nobody hears of it; resolves when that has happened. */
  loseAnswerTo(statement: string): Promise<void>;
  close(): Promise<void>;
};

/** Opens a TCP proxy in front of the stack's MySQL. */
export async function openFlakyMysql(databaseUrl: string = stack.databaseUrl): Promise<FlakyMysql> {
  const target = new URL(databaseUrl);
  const upstreamPort = Number(target.port || 3306);
  const upstreamHost = target.hostname;
  const sockets = new Set<Socket>();
  let fault: { statement: string; happened: () => void } | null = null;

  const serve = (client: Socket) => {
    const upstream = connect(upstreamPort, upstreamHost);
    let deaf = false;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    client.on('data', (chunk) => {
      // A COM_QUERY is a header of four bytes, the command byte 3 and the text.
      if (fault && chunk[4] === 3 && chunk.subarray(5).toString('latin1').startsWith(fault.statement)) {
        deaf = true;
        upstream.once('data', () => {
          end();
          fault?.happened();
          fault = null;
        });
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (!deaf) client.write(chunk);
    });
  };

  let server: Server = await listen(serve, 0);
  const { port } = server.address() as AddressInfo;
  target.host = `127.0.0.1:${port}`;
  const cut = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: target.href,
    cut,
    async mend() {
      server = await listen(serve, port);
    },
    loseAnswerTo: (statement) =>
      new Promise((happened) => {
        fault = { statement, happened };
      }),
    close: cut,
  };
}

function listen(serve: (client: Socket) => void, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(serve);
    server.on('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
