import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';

const test = suite('the signals of npm start');

test('what fails because of a Ctrl-C does not cut the closing short', async () => {
  const code = `import(${JSON.stringify(new URL('./signals.ts', import.meta.url).href)}).then(({ closeOnSignal }) => {
    const ending = closeOnSignal();
    ending.add(() => new Promise((done) => setTimeout(() => done(console.log('closed')), 200)));
    process.kill(process.pid, 'SIGINT');
    setTimeout(() => ending.close(1), 50);
  })`;
  const child = spawn(process.execPath, ['--import', 'tsx', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });

  const [exitCode] = await once(child, 'close');

  assert.match(output, /closed\n$/);
  assert.is(exitCode, 0);
});
