import { Registry } from 'prom-client';
import * as assert from 'uvu/assert';
import type { Finding, SaleAudit } from '../domain/drift.ts';
import { suite } from '../testing/suite.ts';
import { createStanding } from './auditor-standing.ts';
import { createEngineMetrics } from './metrics.ts';

const test = suite('drift that stands');

/** An audit that found `units` too many available. */
function found(saleId: string, units: number): SaleAudit {
  const redis = { capacity: 10, available: 10 + units, held: 0, sold: 0 };
  const finding: Finding = {
    ...{ kind: 'available_differs', ticketTypeId: 'std', units, holdId: null, buyerId: null },
    ...{ redisState: null, mysqlOutcome: null, orderId: null, safeToRepair: true },
  };
  return {
    ...{ saleId, checkedAtMs: 0, status: 'drift', looks: 2, findings: [finding], gaps: [], truncated: false },
    comparison: {
      ticketTypes: [{ ticketTypeId: 'std', redis, mysql: { capacity: 10, sold: 0 }, live: 0, inFlight: 0 }],
      ...{ capacityCompared: true, soldCompared: true, missingHoldIds: [], voidHoldIds: [] },
    },
  };
}

const signature = (units: number) => `std.unaccounted:${-units}`;

function open() {
  const metrics = createEngineMetrics(new Registry());
  const standing = createStanding(metrics);
  const shown = async () => {
    const { values } = await metrics.driftUnits.get();
    return values.find(({ labels }) => labels.kind === 'available_differs')?.value;
  };
  return { metrics, standing, shown };
}

test('the same drift is new once, and what changed is new again', () => {
  const { standing } = open();

  assert.equal(
    [found('a', 1), found('a', 1), found('b', 1), found('a', 2)].map((audit) => standing.note(audit)),
    ['new', 'known', 'new', 'new'],
  );
});

test('what could not be mended rests, and other drift of the same sale does not', () => {
  const { standing } = open();
  standing.note(found('a', 1));

  const before = standing.rests('a', signature(1));
  standing.postpone('a');
  standing.note(found('a', 1));

  assert.is(before, false);
  assert.is(standing.rests('a', signature(1)), true);
  assert.is(standing.rests('a', signature(2)), false);
  assert.is(standing.rests('b', signature(1)), false);
  standing.forget('a');
  assert.is(standing.rests('a', signature(1)), false);
});

test('the gauge shows the units that stand, and nothing of sales that are well or audited no longer', async () => {
  const { standing, shown } = open();

  const none = await shown();
  for (const audit of [found('a', 1), found('b', -3), found('c', 5)]) standing.note(audit);
  const all = await shown();
  standing.forget('a');
  const fewer = await shown();
  standing.keepOnly(new Set(['b']));

  assert.equal([none, all, fewer, await shown()], [0, 9, 8, 3]);
});
