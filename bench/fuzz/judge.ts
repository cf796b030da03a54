import type { Bad } from './bad.ts';
import type { NoReply } from './connection.ts';
import { codeOf, type Document, type Operation } from './document.ts';
import type { Reply } from './reply.ts';

/** What may be said of any path and before there is a path, so that the document of one operation need not name it. */
const ofNoOperation = new Set([
  '404 not_found',
  '405 method_not_allowed',
  '400 invalid_request',
  '417 invalid_request',
  '431 invalid_request',
]);

/** What is wrong with the answer to a bad request, or null. */
export function faultOfBad(bad: Bad, reply: Reply | NoReply, document: Document): string | null {
  if ('lost' in reply) return reply.lost;
  const code = codeOf(reply);
  const told = outcomeOf(reply);
  if (reply.status < 400 || reply.status > 499) return `answered ${told}`;
  if (code === null || !bad.expected.includes(code)) return `answered ${told}, not ${bad.expected.join(' or ')}`;
  if (ofNoOperation.has(told)) return document.faultOfProblem(reply);
  return bad.operation.faultOf(reply);
}

/** What no good request may be told: each of these says that the request itself was wrong. */
const accusations = new Set([
  'invalid_request',
  'invalid_json',
  'invalid_token',
  'unauthorized',
  'forbidden',
  'not_found',
  'method_not_allowed',
  'unsupported_media_type',
  'payload_too_large',
  'idempotency_mismatch',
]);

/** What is wrong with the answer to a good request, or null. A sale that is closed by another good one is not. */
export function faultOfGood(operation: Operation, reply: Reply | NoReply): string | null {
  if ('lost' in reply) return reply.lost;
  if (reply.status >= 500 || accusations.has(codeOf(reply) ?? '')) return `answered ${outcomeOf(reply)}`;
  return operation.faultOf(reply);
}

/** An answer in short: `201`, or `409 sold_out`. */
export function outcomeOf(reply: Reply): string {
  const code = codeOf(reply);
  return code === null ? String(reply.status) : `${reply.status} ${code}`;
}
