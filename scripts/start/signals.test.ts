import * as assert from 'uvu/assert';
import { startTypeScript } from '../../src/testing/program.ts';
import { suite } from '../../src/testing/suite.ts';

const test = suite('the signals of npm start');

/** Runs a program that has `closeOnSignal` and `inTime`. */
async function run(code: string): Promise<{ exitCode: number | null; output: string }> {
  const [signals, closeAll] = ['./signals.ts', './close-all.ts'].map((file) =>
    JSON.stringify(new URL(file, import.meta.url).href),
  );
  const program = `import { closeOnSignal } from ${signals}; import { inTime } from ${closeAll};
    const ending = closeOnSignal();
    ${code}`;
  const { exited, output } = startTypeScript(['--input-type=module', '-e', program], {});
  const exitCode = await exited;
  return { exitCode, output: output() };
}

test('what fails because of a Ctrl-C does not cut the closing short', async () => {
  const { exitCode, output } = await run(`
    ending.add(() => new Promise((done) => setTimeout(() => done(console.log('closed')), 200)));
    setInterval(() => undefined, 1000);
    process.once('SIGINT', () => setImmediate(() => ending.close(1)));
    process.kill(process.pid, 'SIGINT');
  `);

  assert.match(output, /closed\n$/);
  assert.is(exitCode, 0);
});

test('what does not close in time keeps nothing else open, and the exit code tells', async () => {
  const { exitCode, output } = await run(`
    ending.add(() => console.log('closed'));
    ending.add(inTime(() => new Promise(() => undefined), 100));
    setInterval(() => undefined, 1000);
    process.kill(process.pid, 'SIGINT');
  `);

  assert.match(output, /not closed within 0\.1 s/);
  assert.match(output, /^closed$/m);
  assert.is(exitCode, 1);
});
