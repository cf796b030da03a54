import { couponRules } from './coupons/rules.ts';
import type { Scenario } from './scenarios.ts';
import { allScenarios } from './scenarios-all.ts';
import { type Searched, search } from './search.ts';
import { ticketRules } from './tickets/rules.ts';

export type Rule = { name: string; meaning: string };

export type Run = { scenario: Scenario; searched: Searched };

/** Far above what any scenario needs; reaching it counts as a failure. */
const STATES_MAX = 200_000;

/** Every rule, those of tickets first. */
export const allRules: readonly Rule[] = Object.entries({ ...ticketRules, ...couponRules }).map(([name, meaning]) => ({
  name,
  meaning,
}));

/** Searches scenarios to their ends; returns how many broke a promise or were not searched to the end. */
export function searchAll(
  scenarios: readonly Scenario[],
  without: readonly string[],
  report: (run: Run) => void,
): number {
  let failures = 0;
  for (const scenario of scenarios) {
    const searched = search(scenario.system(without), STATES_MAX);
    if (searched.found || !searched.complete) failures += 1;
    report({ scenario, searched });
  }
  return failures;
}

/** The first scenario in which the absence of this rule breaks a promise, those that are made to show it first; else null. */
export function searchWithout({ name }: Rule): Run | null {
  const shows = (scenario: Scenario) => Number(scenario.shows.includes(name));
  for (const scenario of [...allScenarios].sort((a, b) => shows(b) - shows(a))) {
    const searched = search(scenario.system([name]), STATES_MAX);
    if (searched.found) return { scenario, searched };
  }
  return null;
}
