import { pathToFileURL } from 'node:url';
import { describeHandles, withTimeout } from './suite-guards.ts';

type Callback = () => Promise<void> | void;
type Hook = ((callback: Callback) => void) & { each: (callback: Callback) => void };

/** Registers one test; `before` and `after` hooks may fail too, and then the process fails. */
export type Test = ((name: string, callback: Callback) => void) & { before: Hook; after: Hook };

declare global {
  var UVU_DEFER: boolean | undefined;
  var UVU_QUEUE: (
    | null
    | (() => Promise<[failures: string | true, passed: number, skipped: number, total: number]>)
  )[][];
}

const leakGraceMs = 2000;

// Read when uvu is loaded: with this it leaves the running to us, who know when the file has been evaluated.
globalThis.UVU_DEFER = true;
globalThis.UVU_QUEUE = [[]];
const uvu = await import('uvu');

const result = { passed: 0, failed: 0, finished: false };
const starters: (() => void)[] = [];
const reported = new Set<unknown>();

/**
 * A suite that runs itself once its file has been evaluated, top-level awaits included. Closes the silences of uvu: a
 * failing hook, a hanging test, an unhandled rejection, a handle left open and a file without tests all fail the process.
 */
export function suite(name: string, options: { timeoutMs?: number } = {}): Test {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const inner = uvu.suite(name);
  const beforeEach: Callback[] = [];
  const afterEach: Callback[] = [];
  const guarded = (what: string, callback: Callback) => async () => {
    try {
      await withTimeout(callback, timeoutMs);
    } catch (error) {
      problem(`${name}: ${what} failed`, error);
      throw error;
    }
  };

  const test = ((testName: string, callback: Callback) => {
    inner(testName, async () => {
      try {
        await inOrder([...beforeEach, callback], afterEach, timeoutMs);
        result.passed += 1;
      } catch (error) {
        result.failed += 1;
        // uvu formats Errors only and dies of anything else.
        throw error instanceof Error ? error : new Error(`not an Error was thrown: ${String(error)}`);
      }
    });
  }) as Test;
  test.before = Object.assign((callback: Callback) => inner.before(guarded('before', callback)), {
    each: (callback: Callback) => void beforeEach.push(callback),
  });
  test.after = Object.assign(
    // What `after` throws is recorded only: uvu would stop everything that follows.
    (callback: Callback) => inner.after(() => guarded('after', callback)().catch(() => undefined)),
    { each: (callback: Callback) => void afterEach.push(callback) },
  );

  starters.push(() => inner.run());
  return test;
}

async function inOrder(steps: Callback[], cleanUps: Callback[], timeoutMs: number): Promise<void> {
  const failures: unknown[] = [];
  const attempt = (step: Callback) => withTimeout(step, timeoutMs).catch((error: unknown) => failures.push(error));

  for (const step of steps) if (failures.length === 0) await attempt(step);
  for (const cleanUp of cleanUps) await attempt(cleanUp);
  if (failures.length > 0) throw failures[0];
}

/** Counts as one failure; the same error told twice (by a hook and as a rejection, say) counts once. */
function problem(title: string, error?: unknown): void {
  if (error !== undefined && reported.has(error)) return;
  reported.add(error ?? title);
  result.failed += 1;
  console.error(`\n  FAIL  ${title}`);
  if (error !== undefined) console.error(error);
}

async function run(): Promise<void> {
  for (const start of starters) start();
  for (const runSuite of globalThis.UVU_QUEUE[0] ?? []) {
    const [failures] = (await runSuite?.()) ?? [true];
    if (typeof failures === 'string') process.stdout.write(`\n${failures}\n`);
  }
  if (result.passed + result.failed === 0) problem('no test ran in this file');
}

function finish(): void {
  result.finished = true;
  // Unref'd: it only fires when something else keeps the process alive, and that is what must not be.
  setTimeout(() => {
    problem(`still open ${leakGraceMs} ms after the last test: ${describeHandles()}`);
    process.exit(1);
  }, leakGraceMs).unref();
}

process.on('unhandledRejection', (error) => problem('unhandled rejection', error));
process.on('uncaughtException', (error) => problem('uncaught exception', error));
process.on('exit', () => {
  if (!result.finished) problem('the process ended before its tests did');
  process.exitCode = result.failed > 0 ? 1 : 0;
  console.log(`${result.passed} passed, ${result.failed} failed`);
});

// Importing the main module again answers when it, with its top-level awaits, has been evaluated.
import(pathToFileURL(process.argv[1] ?? '').href)
  .then(run)
  .catch((error: unknown) => problem('the file could not be run', error))
  .finally(finish);
