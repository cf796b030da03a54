import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as (options?: { type: 'minor' }) => void;

/** Has V8 collect the young generation of this process, or all of its heap (which Node 20 does without options only). */
export function collectGarbage(what: 'young' | 'all'): void {
  if (what === 'young') gc({ type: 'minor' });
  else gc();
}
