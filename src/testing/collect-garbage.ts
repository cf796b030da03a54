import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Has V8 collect the young generation of this process, or all of its heap. */
export const collectGarbage = runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void;
