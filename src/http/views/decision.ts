import Joi from 'joi';
import { type Decision, explainDecision } from '../../domain/decision.ts';
import type { StockCounts } from '../../domain/sale.ts';
import type { StockGap } from '../../domain/stock-replay.ts';
import type { ReplayedStock } from '../../engine/decisions.ts';
import { id, integer, time } from '../schemas.ts';
import { isoTime } from '../time.ts';
import { exactly, tickets } from './shared.ts';

/** One decision, with its circumstances in words. */
export function decisionView(decision: Decision) {
  const { decisionId, atMs, verb, outcome, holdId, buyerId, lines } = decision;
  return {
    decisionId,
    at: isoTime(atMs),
    verb,
    outcome,
    holdId: holdId || null,
    buyerId: buyerId || null,
    lines: lines.map(({ ticketTypeId, quantity }) => ({ ticketTypeId, quantity })),
    explanation: explainDecision(decision),
  };
}

const verbs = [
  'place',
  'begin',
  'abort',
  'finish',
  'expire',
  'release',
  'void',
  'install',
  'apply',
  'withdraw',
  'resync',
];

export const decisionSchema = exactly({
  decisionId: Joi.string().description('The order of ids is the order in which it was decided.'),
  at: time(),
  verb: Joi.string().valid(...verbs),
  outcome: Joi.string(),
  holdId: id().allow(null).description('null in decisions about the whole sale.'),
  buyerId: Joi.string().allow(null),
  lines: Joi.array().items(exactly({ ticketTypeId: id(), quantity: integer(1, Number.MAX_SAFE_INTEGER) })),
  explanation: Joi.string(),
});

export const decisionExample = decisionView({
  decisionId: '1906538400000-0.2',
  atMs: 1_906_538_400_000,
  verb: 'place',
  outcome: 'all_held',
  holdId: 'tAO7MJZ9Id6Gj5i0E7ILAA',
  buyerId: 'alice',
  lines: [{ ticketTypeId: 'ga', quantity: 2 }],
  detail: 'ga:1:3',
});

/** Stock as the log makes it. */
export function replayedStockView({ counts, gaps, ...read }: ReplayedStock) {
  return {
    ...read,
    ticketTypes: [...counts].map(([ticketTypeId, replayed]) => ({ ticketTypeId, ...countsView(replayed) })),
    gaps: gaps.map(gapView),
  };
}

/** One place in the log where counts were changed by something else. */
export function gapView({ ticketTypeId, afterEntryId, beforeEntryId, expected, found }: StockGap) {
  return { ticketTypeId, afterEntryId, beforeEntryId, expected: countsView(expected), found: countsView(found) };
}

function countsView({ available, held, sold }: StockCounts): StockCounts {
  return { available, held, sold };
}

// Drift may put any count below zero: this is where it must be seen.
const count = () => integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
const countFields = () => ({ available: count(), held: count(), sold: count() });
const entryId = () => Joi.string().allow(null);

export const gapsSchema = Joi.array()
  .items(
    exactly({
      ticketTypeId: id(),
      afterEntryId: entryId(),
      beforeEntryId: entryId().description('null when no decision came after it.'),
      expected: exactly(countFields()),
      found: exactly(countFields()),
    }),
  )
  .description('Where counts are not what the decisions make of them: something else has written there.');

export const replayedStockSchema = exactly({
  entries: tickets(),
  decisions: tickets(),
  firstEntryId: entryId().description('Where the log begins; null when it is empty.'),
  lastEntryId: entryId(),
  ticketTypes: Joi.array().items(exactly({ ticketTypeId: id(), ...countFields() })),
  gaps: gapsSchema,
});

const foundCounts = { available: 72, held: 7, sold: 20 };
export const replayedStockExample = replayedStockView({
  entries: 120,
  decisions: 310,
  firstEntryId: '1906538400000-0',
  lastEntryId: '1906538460000-0',
  counts: new Map([['ga', foundCounts]]),
  gaps: [
    {
      ticketTypeId: 'ga',
      afterEntryId: '1906538460000-0',
      beforeEntryId: null,
      expected: { ...foundCounts, available: 73 },
      found: foundCounts,
    },
  ],
});
