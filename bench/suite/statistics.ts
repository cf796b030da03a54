/** What several rounds gave: the middle one, and how far they lay apart. Never the best alone. */
export type Spread = { median: number; min: number; max: number; rounds: number };

/** Throws for no values at all: a median of nothing would be a figure made up. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error('there is no round to take a median of');
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), rounds: values.length };
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** The ratios within each round, so that what slowed a whole round down cancels out. */
export function ratiosOf(values: readonly number[], bases: readonly number[]): number[] {
  if (values.length !== bases.length)
    throw new Error(`${values.length} rounds cannot be compared with ${bases.length}`);
  return values.map((value, round) => value / (bases[round] ?? Number.NaN));
}
