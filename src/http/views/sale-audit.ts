import Joi from 'joi';
import { type Comparison, differencesOf, type Finding, findingKinds, type SaleAudit } from '../../domain/drift.ts';
import { buyerId, id, integer, time } from '../schemas.ts';
import { isoTime } from '../time.ts';
import { gapsSchema, gapView } from './decision.ts';
import { holdStatus } from './hold.ts';
import { exactly } from './shared.ts';

const statuses = ['balanced', 'in_flight', 'moving', 'drift'];
const count = () => integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

/** What both stores say of a sale, and why they differ where they do. */
export function saleAuditView(audit: SaleAudit) {
  return {
    saleId: audit.saleId,
    checkedAt: isoTime(audit.checkedAtMs),
    status: audit.status,
    looks: audit.looks,
    ...comparisonView(audit.comparison),
    findings: audit.findings.map(findingView),
    gaps: audit.gaps.map(gapView),
    truncated: audit.truncated,
  };
}

function comparisonView(comparison: Comparison) {
  return {
    soldCompared: comparison.soldCompared,
    capacityCompared: comparison.capacityCompared,
    ticketTypes: comparison.ticketTypes.map((type) => {
      const { ticketTypeId, redis, mysql, live, inFlight } = type;
      const { capacity, unaccounted, sold, held } = differencesOf(type, comparison);
      return {
        ticketTypeId,
        redis: { capacity: redis.capacity, available: redis.available, held: redis.held, sold: redis.sold },
        mysql: { capacity: mysql.capacity, sold: mysql.sold },
        liveHolds: live ?? 'not counted',
        inFlight,
        balanced: capacity === 0 && unaccounted === 0 && sold === 0 && held === 0,
        difference: { capacity, unaccounted, sold, held },
      };
    }),
  };
}

function findingView(finding: Finding) {
  return {
    kind: finding.kind,
    ticketTypeId: finding.ticketTypeId,
    units: finding.units,
    holdId: finding.holdId,
    buyerId: finding.buyerId,
    redisState: finding.redisState,
    mysqlOutcome: finding.mysqlOutcome,
    orderId: finding.orderId,
    safeToRepair: finding.safeToRepair,
  };
}

const typeSchema = exactly({
  ticketTypeId: id(),
  redis: exactly({ capacity: count(), available: count(), held: count(), sold: count() }),
  mysql: exactly({ capacity: count(), sold: count() }),
  liveHolds: Joi.alternatives(count(), Joi.string().valid('not counted')).description(
    'Units of the live holds themselves; not counted when there are too many of them.',
  ),
  inFlight: count().description('Sold in MySQL by confirms that Redis is about to be told of.'),
  balanced: Joi.boolean(),
  difference: exactly({
    capacity: count().description("Redis beyond MySQL's."),
    unaccounted: count().description('capacity − available − held − sold'),
    sold: count().description("Redis beyond MySQL's, but for what is in flight."),
    held: count().description('Counted beyond the live holds.'),
  }),
});

const findingSchema = exactly({
  kind: Joi.string().valid(...Object.keys(findingKinds)),
  ticketTypeId: id().allow(null).description('null when it cannot be told any more.'),
  units: count().allow(null).description('Below zero: missing in Redis.'),
  holdId: id().allow(null),
  buyerId: buyerId().allow(null),
  redisState: holdStatus().valid('unknown').allow(null),
  mysqlOutcome: Joi.string().valid('sold', 'void', 'none').allow(null),
  orderId: id().allow(null),
  safeToRepair: Joi.boolean().description('The workers mend it by themselves; otherwise a person has to look.'),
});

export const saleAuditSchema = exactly({
  saleId: id(),
  checkedAt: time(),
  status: Joi.string()
    .valid(...statuses)
    .description('in_flight: explained by confirms or changes under way. moving: sold could not be compared just now.'),
  looks: integer(1, 2).description('2 when the first look differed and a second one was taken after a pause.'),
  soldCompared: Joi.boolean(),
  capacityCompared: Joi.boolean(),
  ticketTypes: Joi.array().items(typeSchema),
  findings: Joi.array().items(findingSchema),
  gaps: gapsSchema,
  truncated: Joi.boolean().description('There may be more: the sale has more holds than one answer has time for.'),
});

export const saleAuditExample = {
  saleId: 'spring-gala',
  checkedAt: '2030-06-01T10:03:00.000Z',
  status: 'drift',
  looks: 2,
  soldCompared: true,
  capacityCompared: true,
  ticketTypes: [
    {
      ticketTypeId: 'ga',
      redis: { capacity: 100, available: 73, held: 8, sold: 19 },
      mysql: { capacity: 100, sold: 20 },
      liveHolds: 8,
      inFlight: 0,
      balanced: false,
      difference: { capacity: 0, unaccounted: 0, sold: -1, held: 0 },
    },
  ],
  findings: [
    {
      kind: 'committed_not_finished',
      ticketTypeId: 'ga',
      units: 1,
      holdId: 'q1Zr8mX0TnS4aVb7Yc2dEw',
      buyerId: 'alice',
      redisState: 'held',
      mysqlOutcome: 'sold',
      orderId: '0192f3c4-7f8a-7b1c-9d2e-3f4a5b6c7d8e',
      safeToRepair: true,
    },
  ],
  gaps: [],
  truncated: false,
};
