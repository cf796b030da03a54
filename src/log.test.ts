import * as assert from 'uvu/assert';
import { createLog } from './log.ts';
import { suite } from './testing/suite.ts';

const test = suite('log');

/** What is written when `write` is done with a log of every level. */
function written(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = [];
  write(createLog({ logLevel: 'trace' }, { process: 'test' }, { write: (line) => void lines.push(line) }));
  return lines.join('');
}

test('the command that failed, which may carry the password of Redis, is cut out of errors', () => {
  const refused = Object.assign(new Error('WRONGPASS invalid username-password pair'), {
    command: { name: 'hello', args: ['3', 'AUTH', 'default', 'secret'] },
  });

  const text = written((log) => {
    log.trace({ err: refused }, 'refused');
    log.warn({ err: new Error('not connected', { cause: refused }) }, 'gone');
    log.error(refused);
    log.info({ reason: refused }, 'under another name');
  });

  assert.match(text, /WRONGPASS/);
  assert.not.match(text, /secret/);
});

test('bearer tokens, passwords and tokens are cut out wherever a caller may put them', () => {
  const headers = { authorization: 'Bearer secret', 'user-agent': 'curl' };

  const text = written((log) => {
    log.trace({ headers });
    log.info({ req: { headers } });
    log.info({ authorization: 'secret', token: 'secret', password: 'secret' });
    log.info({ hold: { token: 'secret' }, redis: { password: 'secret' } });
  });

  assert.match(text, /curl/);
  assert.not.match(text, /secret/);
});
