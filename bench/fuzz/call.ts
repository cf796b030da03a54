/** One request as it stands on the wire. Nothing in it is put right before it is sent; text is one byte a character. */
export type Call = {
  method: string;
  target: string;
  headers: readonly (readonly [name: string, value: string])[];
  body: Buffer | null;
  /** How the end of the body is told; `own` leaves that to the headers. */
  framing: 'length' | 'chunked' | 'own';
  /** What stands after the target, when it is not HTTP/1.1 with its Host. */
  version?: string;
};

const chunkBytesMax = 4096;

/** The bytes of a call. */
export function bytesOf({ method, target, headers, body, framing, version }: Call): Buffer {
  const lines = [`${method} ${target} ${version ?? 'HTTP/1.1\r\nHost: 127.0.0.1'}`];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (framing === 'length' && body !== null) lines.push(`Content-Length: ${body.length}`);
  if (framing === 'chunked') lines.push('Transfer-Encoding: chunked');
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (body === null) return head;
  return Buffer.concat([head, ...(framing === 'chunked' ? chunked(body) : [body])]);
}

function chunked(body: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += chunkBytesMax) {
    const chunk = body.subarray(at, at + chunkBytesMax);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return [...parts, Buffer.from('0\r\n\r\n')];
}

const printable = /^[\x20-\x7e]*$/;

/** A command that sends the call again: curl where that can say it, else the very bytes through nc. */
export function asCommand(call: Call, baseUrl: string): string {
  const { method, target, headers, body, framing, version } = call;
  const texts = [method, target, body?.toString('latin1') ?? '', ...headers.flat()];
  if (framing === 'own' || version !== undefined || !texts.every((text) => printable.test(text))) {
    const { hostname, port } = new URL(baseUrl);
    return `echo ${bytesOf(call).toString('base64')} | base64 -d | nc -q 1 ${hostname} ${port}`;
  }
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const told = headers.map(([name, value]) => `-H ${quoted(value === '' ? `${name};` : `${name}: ${value}`)}`);
  if (framing === 'chunked') told.push(`-H 'Transfer-Encoding: chunked'`);
  const data = body === null ? [] : [`--data-binary ${quoted(body.toString('latin1'))}`];
  return ['curl -i --path-as-is -X', method, ...told, ...data, quoted(`${baseUrl}${target}`)].join(' ');
}
