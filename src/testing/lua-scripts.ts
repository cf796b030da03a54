import { readdirSync, readFileSync } from 'node:fs';
import { readScript } from '../redis/script.ts';

const LUA = new URL('../../lua/', import.meta.url);
const WRAPPERS = new URL('../redis/', import.meta.url);

/** One documented `KEYS[n]` or `ARGV[n]` with everything that the header says of it. */
export type Documented = { index: number; text: string };

/** A Lua script taken apart: what its header promises, and what it and its wrapper do. */
export type LuaScript = {
  name: string;
  /** The first line. */
  shebang: string;
  header: string;
  /** The code of the file itself, without comments. */
  body: string;
  /** The same with the code of its includes. */
  whole: string;
  includes: string[];
  /** The source of the TypeScript module of the same base name; empty when there is none. */
  wrapper: string;
};

/** Every script of the project, by name. */
export function readScripts(): LuaScript[] {
  return luaFiles(LUA).map((name) => {
    const source = readFileSync(new URL(`${name}.lua`, LUA), 'utf8');
    return {
      name,
      shebang: source.split('\n')[0] ?? '',
      header: /--\[\[\n([\s\S]*?)\]\]/.exec(source)?.[1] ?? '',
      body: code(source),
      whole: code(readScript(name)),
      includes: [...source.matchAll(/^-- @include (\S+)$/gm)].map(([, part = '']) => part),
      wrapper: readIfThere(new URL(`${name}.ts`, WRAPPERS)),
    };
  });
}

/** Every include with its code, by name. */
export function readIncludes(): { name: string; body: string }[] {
  const folder = new URL('include/', LUA);
  return luaFiles(folder).map((name) => ({ name, body: code(readFileSync(new URL(`${name}.lua`, folder), 'utf8')) }));
}

/** What the header says of `KEYS` or `ARGV`, in its order. */
export function documented(header: string, array: 'KEYS' | 'ARGV'): Documented[] {
  const entries = header.split(/^ {2}(?=KEYS\[|ARGV\[|Returns)/m).filter((entry) => entry.startsWith(`${array}[`));
  return entries.map((entry) => ({ index: Number(/\[(\d+)\]/.exec(entry)?.[1]), text: entry }));
}

/**
 * The elements of `KEYS` or `ARGV` that code reads: by number, by a loop over numbers, and by a loop that begins at a
 * number and ends with the array, whose elements are `tail` and all after it.
 */
export function used(whole: string, array: 'KEYS' | 'ARGV'): { indexes: number[]; tail: number | null } {
  const indexes = new Set([...whole.matchAll(new RegExp(`\\b${array}\\[(\\d+)\\]`, 'g'))].map(([, at]) => Number(at)));
  const tails: number[] = [];
  for (const { variable, first, last, block } of loops(whole)) {
    const offsets = [...block.matchAll(new RegExp(`\\b${array}\\[${variable}(?: \\+ (\\d+))?\\]`, 'g'))];
    const isUnpacked = new RegExp(`unpack\\(${array}, ${variable},`).test(block);
    if (last === null && (offsets.length > 0 || isUnpacked)) tails.push(first);
    if (last === null) continue;
    for (const [, offset = '0'] of offsets) {
      for (let at = first; at <= last; at++) indexes.add(at + Number(offset));
    }
  }
  return { indexes: [...indexes].sort((a, b) => a - b), tail: tails.length > 0 ? Math.min(...tails) : null };
}

/** The words that the header says are returned. */
export function documentedWords(header: string): string[] {
  const returns = /^ {2}Returns[\s\S]*?(?=^ {2}(?:Cost|Safe to repeat))/m.exec(header)?.[0] ?? '';
  return distinct(returns.matchAll(/\{ '([a-z_]+)'/g));
}

/** The words that the code puts first into a reply, also by a choice or from a table of states. */
export function returnedWords(body: string): string[] {
  return distinct([
    ...body.matchAll(/\{ '([a-z_]+)'/g),
    ...body.matchAll(/\{ \w+ and '([a-z_]+)' or '[a-z_]+' \}/g),
    ...body.matchAll(/\{ \w+ and '[a-z_]+' or '([a-z_]+)' \}/g),
    ...body.matchAll(/\b[A-Z] = '([a-z_]+)'/g),
  ]);
}

/** The words that the wrapper has a case for. */
export function parsedWords(wrapper: string): string[] {
  return distinct(wrapper.matchAll(/\bcase '([a-z_]+)':/g));
}

/** Loops that count from a number, with the lines of their block; `last` is null when it is no number. */
function loops(whole: string): { variable: string; first: number; last: number | null; block: string }[] {
  const lines = whole.split('\n');
  return lines.flatMap((line, at) => {
    const [, indent = '', variable = '', first, last] =
      /^( *)for (\w+) = (\d+), ([^,]+?)(?:, .+)? do$/.exec(line) ?? [];
    if (first === undefined) return [];
    const length = lines.slice(at).indexOf(`${indent}end`);
    const block = lines.slice(at, at + length).join('\n');
    return [{ variable, first: Number(first), last: /^\d+$/.test(last ?? '') ? Number(last) : null, block }];
  });
}

function code(source: string): string {
  return source
    .replace(/--\[\[[\s\S]*?\]\]/, '')
    .replace(/^\s*--.*$/gm, '')
    .replace(/^#!.*$/m, '');
}

function luaFiles(folder: URL): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.lua'))
    .map((file) => file.slice(0, -'.lua'.length))
    .sort();
}

function readIfThere(file: URL): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

const distinct = (matches: Iterable<RegExpMatchArray>) =>
  [...new Set([...matches].map(([, word = '']) => word))].sort();
