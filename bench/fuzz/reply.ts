/** An answer as it came over the wire; the names of headers are in lower case. */
export type Reply = { status: number; headers: ReadonlyMap<string, string>; body: string };

const endOfHead = '\r\n\r\n';

/** The answer at the beginning of what was received, or null while some of it is missing. Interim answers are left out. */
export function takeReply(received: Buffer, input: { hasBody: boolean; ended: boolean }): Reply | null {
  const at = received.indexOf(endOfHead);
  if (at < 0) return null;
  const [first = '', ...lines] = received.toString('latin1', 0, at).split('\r\n');
  const status = Number(first.split(' ')[1]);
  const rest = received.subarray(at + endOfHead.length);
  if (status < 200) return takeReply(rest, input);

  const headers = new Map(lines.map((line) => splitHeader(line)));
  const body = bodyOf(rest, headers, input);
  return body === null ? null : { status, headers, body };
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function bodyOf(
  rest: Buffer,
  headers: ReadonlyMap<string, string>,
  { hasBody, ended }: { hasBody: boolean; ended: boolean },
): string | null {
  if (!hasBody) return '';
  const length = headers.get('content-length');
  if (length !== undefined) return rest.length < Number(length) ? null : rest.toString('utf8', 0, Number(length));
  if (headers.get('transfer-encoding') === 'chunked') return unchunked(rest);
  return ended ? rest.toString('utf8') : null;
}

function unchunked(rest: Buffer): string | null {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = rest.indexOf('\r\n', at);
    if (end < 0) return null;
    const bytes = Number.parseInt(rest.toString('latin1', at, end), 16);
    if (bytes === 0) return Buffer.concat(chunks).toString('utf8');
    if (rest.length < end + 2 + bytes + 2) return null;
    chunks.push(rest.subarray(end + 2, end + 2 + bytes));
    at = end + 2 + bytes + 2;
  }
}
