import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { allRules, searchAll, searchWithout } from './run.ts';
import { allScenarios } from './scenarios-all.ts';

const test = suite('protocol model');

/** `npm run model` searches these too; here the time is better spent otherwise. */
const long = ['one hold', 'restart', 'pause under a rebuild', 'restart under recovery', 'coupons and a flush'];

for (const scenario of allScenarios.filter(({ name }) => !long.includes(name))) {
  test(`every promise holds: ${scenario.name}`, () => {
    const found: unknown[] = [];

    searchAll([scenario], [], ({ searched }) => found.push(searched.found, searched.complete));

    assert.equal(found, [null, true]);
  });
}

for (const rule of allRules) {
  test(`a promise is broken without ${rule.name}`, () => {
    const run = searchWithout(rule);

    assert.ok(run?.searched.found);
    assert.ok(run.scenario.shows.includes(rule.name), `${run.scenario.name} shows it, and does not say so`);
  });
}
