import type { HonoRequest } from 'hono';
import { RequestError } from '../domain/errors.ts';

/**
 * Reads a body as text, never more than `bytesMax` of it; no body reads as ''. Throws RequestError `payload_too_large`,
 * `unsupported_media_type`, or `invalid_request` when the client goes away in the middle.
 */
export async function readBody(request: HonoRequest, bytesMax: number): Promise<string> {
  const declared = request.header('content-length');
  const chunked = request.header('transfer-encoding') !== undefined;
  if (declared !== undefined && Number(declared) > bytesMax) throw tooLarge(bytesMax);
  if (declared === '0' && !chunked) return '';
  try {
    // Node's parser reads exactly as many bytes as Content-Length says, so a length that passed can be trusted.
    const trusted = declared !== undefined && !chunked;
    const text = trusted ? await request.text() : await readCounting(request.raw.body, bytesMax);
    if (text !== '') requireJson(request.header('content-type'));
    return text;
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw new RequestError('invalid_request', 'The body could not be read to its end.');
  }
}

/** Bodies without a declared length are counted while they come in. */
async function readCounting(stream: ReadableStream<Uint8Array> | null, bytesMax: number): Promise<string> {
  if (stream === null) return '';
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks).toString('utf8');
    bytes += value.byteLength;
    // The stream is left alone, not cancelled: cancelling destroys the socket before the answer is out.
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    chunks.push(value);
  }
}

const charsets = new Set(['', 'charset=utf-8', 'charset="utf-8"']);

/** `application/json`, with no parameter other than a charset that says UTF-8. */
function requireJson(header: string | undefined): void {
  const [type, ...parameters] = (header ?? '').toLowerCase().split(';');
  const known = parameters.every((parameter) => charsets.has(parameter.trim()));
  if (type?.trim() === 'application/json' && known) return;
  throw new RequestError('unsupported_media_type', 'The body must be application/json in UTF-8.');
}

function tooLarge(bytesMax: number): RequestError {
  return new RequestError('payload_too_large', `The body is larger than ${bytesMax} bytes.`);
}
