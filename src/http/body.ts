import type { HonoRequest } from 'hono';
import { RequestError } from '../domain/errors.ts';

/**
 * Reads a body as text, never more than `bytesMax` of it; no body reads as ''. Throws RequestError `payload_too_large`,
 * `unsupported_media_type`, `invalid_json` for bytes that are no UTF-8, or `invalid_request` when the client goes away in the middle.
 */
export async function readBody(request: HonoRequest, bytesMax: number): Promise<string> {
  const declared = request.header('content-length');
  const chunked = request.header('transfer-encoding') !== undefined;
  if (declared !== undefined && Number(declared) > bytesMax) throw tooLarge(bytesMax);
  if (declared === '0' && !chunked) return '';
  try {
    // Node's parser reads exactly as many bytes as Content-Length says, so a length that passed can be trusted.
    const trusted = declared !== undefined && !chunked;
    const bytes = trusted ? await request.arrayBuffer() : await readCounting(request.raw.body, bytesMax);
    if (bytes.byteLength > 0) requireJson(request.header('content-type'));
    return decode(bytes);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw new RequestError('invalid_request', 'The body could not be read to its end.');
  }
}

/** Bodies without a declared length are counted while they come in. */
async function readCounting(stream: ReadableStream<Uint8Array> | null, bytesMax: number): Promise<Uint8Array> {
  if (stream === null) return new Uint8Array();
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    bytes += value.byteLength;
    // The stream is left alone, not cancelled: cancelling destroys the socket before the answer is out.
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    chunks.push(value);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes that are no UTF-8 are refused: repaired, they would be stored as something that nobody sent. */
function decode(bytes: ArrayBuffer | Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    // It says no more than that, and there is no more to say.
    throw new RequestError('invalid_json', 'The body is not UTF-8.');
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
