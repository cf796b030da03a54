import * as assert from 'uvu/assert';
import { isCommit, isLastAnswer, withoutCommit } from './mysql-wire.ts';
import { suite } from './suite.ts';

const test = suite("MySQL's protocol in tests");

const packetOf = (...bytes: number[]) => Buffer.from([bytes.length, 0, 0, 1, ...bytes]);
const more = 0x0a;
const last = 0x02;
/** An OK after so many rows, with text behind it as MySQL has after an INSERT of several. */
const ok = (status: number, rows = [1]) => packetOf(0, ...rows, 0, status, 0, 0, 0, ...Buffer.from('Records: 8'));
const many = [0xfc, 0x10, 0x27];

test('the last answer is an OK that announces no more, or an error', () => {
  const error = packetOf(0xff, 0xbd, 0x04, ...Buffer.from('#40001Deadlock'));

  for (const answers of [ok(last), ok(last, many), error]) {
    assert.ok(isLastAnswer(answers));
    assert.ok(isLastAnswer(Buffer.concat([ok(more), ok(more, many), answers])));
  }
  for (const answers of [ok(more), ok(more, many)]) {
    assert.not(isLastAnswer(answers));
    assert.not(isLastAnswer(Buffer.concat([ok(more), answers])));
  }
});

test('an answer in pieces is not the last one before it is whole', () => {
  const whole = Buffer.concat([ok(more), ok(last)]);

  for (let bytes = 1; bytes < whole.length; bytes += 1)
    assert.not(isLastAnswer(whole.subarray(0, bytes)), `${bytes} bytes`);
  assert.ok(isLastAnswer(whole));
});

test('a COMMIT is known alone and behind others, and another statement can take its place', () => {
  const behind = packetOf(3, ...Buffer.from('DO 1;COMMIT'));

  assert.ok(isCommit(packetOf(3, ...Buffer.from('COMMIT'))) && isCommit(behind));
  assert.not(isCommit(packetOf(3, ...Buffer.from('COMMIT;DO 1'))));
  const refused = withoutCommit(behind, 1213);
  assert.is(refused.readUIntLE(0, 3), refused.length - 4);
  assert.match(refused.toString('latin1'), /DO 1;SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1213$/);
  assert.throws(() => withoutCommit(behind.subarray(1), 1213), /pieces/);
});
