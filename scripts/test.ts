import { NotPossible } from './not-possible.ts';
import { say } from './say.ts';
import { findTestFiles } from './test/find-files.ts';
import { openTestStack, type TestStack } from './test/open-stack.ts';
import { type FileResult, type RunningFile, runFile } from './test/run-file.ts';

const filesAtOnce = 2;

/**
 * Runs test files against a private stack and ends the process: 0 when all passed. Words in `filters` choose files by
 * part of their path. The last line is always `N passed, N failed`.
 */
export async function runTests(filters: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const run = { stack: null as TestStack | null, running: new Set<RunningFile>(), interrupted: false };
  const results: FileResult[] = [];

  const interrupt = () => {
    run.interrupted = true;
    for (const file of run.running) file.kill();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);

  try {
    const files = findTestFiles(['src', 'scripts', 'bench'], filters);
    if (files.together.length + files.alone.length === 0) throw new NotPossible('no test file matches');
    run.stack = await openTestStack(env);
    const runOne = async (file: string) => {
      if (run.interrupted || !run.stack) return;
      const running = await runFile(file, run.stack.env);
      run.running.add(running);
      // It may have come between the check above and the start.
      if (run.interrupted) running.kill();
      const result = await running.result;
      console.log(result.report);
      results.push(result);
      run.running.delete(running);
    };
    await eachOf(files.together, filesAtOnce, runOne);
    await eachOf(files.alone, 1, runOne);
  } catch (error) {
    console.error(error instanceof NotPossible ? error.message : error);
    results.push({ file: 'the run itself', passed: 0, failed: 1, report: '' });
  }

  try {
    await run.stack?.close();
  } catch (error) {
    console.error(error);
    results.push({ file: 'the end of the stack', passed: 0, failed: 1, report: '' });
  }
  report(results, run.interrupted);
}

/** Works through a list with so many at a time. */
async function eachOf(files: string[], atOnce: number, work: (file: string) => Promise<void>): Promise<void> {
  const waiting = [...files];
  const lane = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await work(file);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

function report(results: FileResult[], interrupted: boolean): never {
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  for (const result of results) if (result.failed > 0) say(`failed: ${result.file}`);
  if (interrupted) say('interrupted: not every file ran to its end');
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(interrupted ? 130 : failed > 0 ? 1 : 0);
}
