import { NotPossible } from '../../scripts/not-possible.ts';
import { UsageError } from './arguments.ts';
import { type Ending, endOnSignal } from './ending.ts';

/**
 * Runs a command of the bench and ends the process: 0 when `run` says that all held, 1 when not or when it threw, 2 for bad
 * arguments. `read` returns null when help was asked for; with `--json` only the command itself writes on stdout.
 */
export async function runCommand<Options extends object>(command: {
  usage: string;
  read: () => Options | null;
  run: (options: Options, ending: Ending) => Promise<boolean>;
}): Promise<void> {
  let options: Options | null;
  try {
    options = command.read();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
  if (!options) return console.log(command.usage);
  if ('json' in options && options.json) console.log = console.error;

  const ending = endOnSignal();
  try {
    await ending.close((await command.run(options, ending)) ? 0 : 1);
  } catch (error) {
    if (!ending.signal.aborted) console.error(error instanceof NotPossible ? error.message : error);
    await ending.close(1);
  }
}

/** Tells what was found: as JSON and nothing else on stdout, or in words. */
export function print<T>(result: T, { json }: { json: boolean }, inWords: (result: T) => string): void {
  if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else console.log(inWords(result));
}
