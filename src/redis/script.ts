import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { InvariantError, UnavailableError } from '../domain/errors.ts';
import type { Redis, Session } from './connection.ts';

/** What a script answers: a word, then whatever its header documents. */
export type Reply = [word: string, ...rest: unknown[]];

type Call = { keys: string[]; args: (string | number)[] };

const LUA = new URL('../../lua/', import.meta.url);
/** Of all scripts that are bound in this process. */
const sources = new Set<string>();

/** The source of a script with its `-- @include` lines replaced. Throws when a file is missing. */
export function readScript(name: string): string {
  const source = readFileSync(new URL(`${name}.lua`, LUA), 'utf8');
  return source.replace(/^-- @include (\S+)$/gm, (_line, part: string) =>
    readFileSync(new URL(`include/${part}.lua`, LUA), 'utf8').trimEnd(),
  );
}

/** The SHA-1 by which EVALSHA names a script. */
export function shaOf(source: string): string {
  return createHash('sha1').update(source).digest('hex');
}

/**
 * Binds `lua/<name>.lua` to TypeScript: `encode` makes its keys and arguments, `decode` turns its words into a union.
 * The session is read in the same turn in which the command is written, so the run id in ARGV[1] is the connection's own.
 * Throws UnavailableError when Redis did not answer: whether the script ran is then unknown, and its header says why
 * repeating it is safe.
 */
export function defineScript<Input, Output>(
  name: string,
  shape: {
    encode: (input: Input, redis: Redis, runId: string) => Call;
    decode: (reply: Reply, input: Input) => Output;
  },
): (redis: Redis, input: Input) => Promise<Output> {
  const source = readScript(name);
  const sha = shaOf(source);
  sources.add(source);
  return async (redis, input) => {
    const session = redis.session();
    const { keys, args } = shape.encode(input, redis, session.runId);
    const reply = await evaluate(redis, session, { sha, source }, [keys.length, ...keys, ...args]);
    return shape.decode(reply as Reply, input);
  };
}

/**
 * Gives the server every script that is bound in this process: a call is one command then, and Redis does it once it has read it, whatever
 * becomes of us. What it has already costs it a look. Safe to repeat. Throws what Redis answers.
 */
export async function loadScripts(client: Redis['client']): Promise<void> {
  await Promise.all(Array.from(sources, (source) => client.script('LOAD', source)));
}

/** Throws InvariantError: a script answered with a word that its wrapper does not know. */
export function unknownWord(name: string, reply: unknown): never {
  throw new InvariantError(`${name} answered with an unknown word`, { reply });
}

async function evaluate(
  redis: Redis,
  session: Session,
  script: { sha: string; source: string },
  args: [number, ...(string | number)[]],
): Promise<unknown> {
  try {
    return await redis.client.evalsha(script.sha, ...args);
  } catch (error) {
    if (!isReply(error, 'NOSCRIPT')) throw translate(error);
  }
  // The run id in the arguments belongs to the connection that they were made for.
  if (redis.session() !== session) throw new UnavailableError('the Redis connection changed');
  return redis.client.eval(script.source, ...args).catch((error: unknown) => {
    throw translate(error);
  });
}

/** Runs a plain command of the request path. Throws UnavailableError when Redis did not answer. */
export async function command<T>(redis: Redis, send: (client: Redis['client']) => Promise<T>): Promise<T> {
  redis.session();
  try {
    return await send(redis.client);
  } catch (error) {
    throw translate(error);
  }
}

/**
 * Sends several commands in one round trip and returns their replies. Throws the first error among them, for exec() itself
 * would hide it in the list.
 */
export async function pipelined(redis: Redis, build: (pipeline: Pipeline) => void): Promise<unknown[]> {
  redis.session();
  return repliesOf(redis.client.pipeline(), build);
}

/** As `pipelined`, at one moment: nothing else runs in between (MULTI). All keys must be in one slot. */
export async function atOneMoment(redis: Redis, build: (pipeline: Pipeline) => void): Promise<unknown[]> {
  redis.session();
  return repliesOf(redis.client.multi(), build);
}

type Pipeline = ReturnType<Redis['client']['pipeline']>;

async function repliesOf(pipeline: Pipeline, build: (pipeline: Pipeline) => void): Promise<unknown[]> {
  build(pipeline);
  try {
    return ((await pipeline.exec()) ?? []).map(([error, value]) => {
      if (error) throw error;
      return value;
    });
  } catch (error) {
    throw translate(error);
  }
}

/** Errors of a server that is not able to serve now, as opposed to those of a wrong script. */
const UNABLE = [
  'OOM',
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'BUSY ',
  'MISCONF',
  // A full memory refuses what is between MULTI and EXEC.
  'EXECABORT',
  'NOREPLICAS',
  'NOAUTH',
  'TRYAGAIN',
  'UNKILLABLE',
];

function translate(error: unknown): Error {
  const isReplyError = error instanceof Error && error.name === 'ReplyError';
  if (!isReplyError || UNABLE.some((word) => isReply(error, word))) {
    return new UnavailableError('Redis did not answer', { cause: error });
  }
  return new InvariantError('a script failed in Redis', { message: error.message });
}

function isReply(error: unknown, word: string): boolean {
  return error instanceof Error && error.message.replace(/^-/, '').startsWith(word);
}
