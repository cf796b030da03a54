import fc from 'fast-check';

/** Text that has broken other systems, short enough to fit into a body. */
const texts = [
  '',
  ' ',
  '\0',
  'a\0b',
  'a\r\nX-Injected: 1',
  '\n{"level":"fatal"}',
  '\u001b[2J',
  '\u202eevil',
  '\ufeff',
  '\ud800',
  '\udfff\ud800',
  'Å',
  'Å',
  'ﬁ',
  'İ',
  '٣',
  '１',
  '__proto__',
  'constructor',
  'prototype.polluted',
  'toString',
  "' OR '1'='1",
  "'; DROP TABLE sales; -- ",
  '1; SELECT SLEEP(5)',
  '\\',
  '`id`',
  '$(id)',
  '\u0024{7*7}',
  '{{7*7}}',
  '#{7*7}',
  '%n%s%x',
  '%00',
  '../../etc/passwd',
  '..\\..\\x',
  '<script>alert(1)</script>',
  '"])) return 1 --',
  '*3\r\n$3\r\nSET\r\n',
  '{a}:holds',
  '}{',
  ':*?[a]',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  '-0',
  '0x10',
  '1e3',
  '1_000',
  '9007199254740993',
  '99999999999999999999',
  '2030-02-30T10:00:00Z',
  '2030-06-01T24:00:00Z',
  '+275760-09-13T00:00:00.000Z',
];

/** Hostile text: well-known troublemakers, anything at all, and much too much of it. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom(...texts), weight: 6 },
  { arbitrary: fc.string({ unit: 'binary', maxLength: 80 }), weight: 2 },
  { arbitrary: fc.integer({ min: 65, max: 3000 }).map((length) => 'a'.repeat(length)), weight: 1 },
  { arbitrary: fc.integer({ min: 65, max: 900 }).map((length) => '🎟'.repeat(length)), weight: 1 },
);

/** Numbers at and beyond every edge that a number can have. */
export const hostileNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, -1, 0.5, 1.5, 1e-300, 1e308, -1e308, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 2 ** 63, 1e21),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
);

/** Any JSON value: hostile leaves, and containers where none is due. `__proto__` is a key like any other here. */
export const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  { arbitrary: hostileText, weight: 6 },
  { arbitrary: hostileNumber, weight: 4 },
  { arbitrary: fc.constantFrom(null, true, false), weight: 2 },
  { arbitrary: fc.constantFrom([], {}, [[]], [null], { length: 1 }, { toString: 1 }, { $gt: '' }), weight: 2 },
  { arbitrary: fc.array(fc.constant(0), { minLength: 21, maxLength: 700 }), weight: 1 },
  { arbitrary: fc.constantFrom(...polluting()), weight: 1 },
  { arbitrary: fc.jsonValue({ maxDepth: 3 }), weight: 1 },
);

function polluting(): unknown[] {
  return ['{"__proto__":{"isAdmin":true}}', '{"constructor":{"prototype":{"isAdmin":true}}}', '[{"__proto__":[]}]'].map(
    (text) => JSON.parse(text) as unknown,
  );
}
