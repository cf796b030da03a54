import type { Line } from '../domain/hold.ts';
import type { Observed } from './observe.ts';
import {
  countsInRedis,
  end,
  type HoldModel,
  isLapsed,
  type SaleModel,
  soldInMysql,
  unitsOf,
  type World,
} from './oracle/world.ts';

const recalls = 'the engines: reserves answered from memory';

/** Facts by name, so that a difference can be told in one line. */
type Facts = Map<string, string>;

/**
 * What of a sale is not as the oracle says, one line each; none when both stores agree with it. Learns what the oracle leaves
 * open: whether a lapsed hold was swept by now, a new epoch, and the real times that a rebuild took from MySQL.
 */
export function differences(world: World, sale: SaleModel, observed: Observed): string[] {
  learn(world, sale, observed);
  const expected = new Map([
    ...factsOfRedis(sale),
    ...factsOfMysql(sale),
    [recalls, String([...world.recalls.values()].reduce((sum, times) => sum + times))],
  ]);
  const actual = new Map([...seenInRedis(observed), ...seenInMysql(observed), [recalls, String(observed.recalls)]]);
  return [...new Set([...expected.keys(), ...actual.keys()])].flatMap((fact) => {
    const [wanted, found] = [expected.get(fact), actual.get(fact)];
    return wanted === found ? [] : [`${fact}: expected ${wanted ?? 'nothing'}, found ${found ?? 'nothing'}`];
  });
}

function learn(world: World, sale: SaleModel, { holds, sale: row, decidedAtMs }: Observed): void {
  const found = Number(row['epoch']);
  if (sale.epoch === null && found > sale.epochSeen) sale.epoch = sale.epochSeen = found;
  for (const { holdId, status } of holds) {
    const hold = sale.redis.holds.get(holdId);
    if (hold && status === 'expired' && isLapsed(hold, world.nowMs)) end(world, hold, 'expired');
  }
  for (const hold of sale.redis.holds.values()) {
    const atMs = hold.timesFromMysql ? decidedAtMs.get(hold.holdId) : undefined;
    if (atMs === undefined) continue;
    Object.assign(hold, { placedAtMs: atMs, expiresAtMs: atMs, deadlineMs: atMs, timesFromMysql: false });
  }
}

const linesText = (lines: Line[]) => lines.map((line) => `${line.quantity} ${line.ticketTypeId}`).join(' + ');
const buyerText = (buyerId: string) => `buyer ${JSON.stringify(buyerId)}`;

function rulesText(it: SaleModel['redis'] | SaleModel['mysql']): string {
  const { opensAtMs, closesAtMs, holdTtlMs, buyerTicketsMax, orderTicketsMax } = it.rules;
  const perOrder = orderTicketsMax ?? buyerTicketsMax;
  return [it.version, opensAtMs, closesAtMs ?? 0, it.paused, it.closed, holdTtlMs, buyerTicketsMax, perOrder].join(' ');
}

function factsOfRedis(sale: SaleModel): Facts {
  const { redis, epoch } = sale;
  const facts: Facts = new Map([
    ['Redis: epochs', Array(5).fill(epoch).join(' ')],
    ['Redis: rules', rulesText(redis)],
    ['Redis: finishes', String(redis.finishes)],
  ]);
  for (const [ticketTypeId, capacity] of redis.capacity) {
    facts.set(`Redis: stock of ${ticketTypeId}`, stockText({ capacity, ...countsInRedis(sale, ticketTypeId) }));
  }
  const byBuyer = new Map<string, HoldModel[]>();
  for (const hold of redis.holds.values()) {
    facts.set(`Redis: hold ${hold.holdId}`, holdText({ ...hold, attempts: hold.attempts.join(',') }));
    if (hold.status === 'held') facts.set(`Redis: due ${hold.holdId}`, String(hold.deadlineMs));
    if (hold.status === 'confirming') facts.set(`Redis: lease ${hold.holdId}`, `${hold.leaseUntilMs} in ${epoch}`);
    if (hold.forgetAtMs !== null) facts.set(`Redis: ended ${hold.holdId}`, String(hold.forgetAtMs));
    byBuyer.set(hold.buyerId, [...(byBuyer.get(hold.buyerId) ?? []), hold]);
  }
  for (const [buyerId, holds] of byBuyer) {
    const live = holds.filter((hold) => hold.status === 'held' || hold.status === 'confirming');
    const units = (those: HoldModel[]) => those.reduce((sum, hold) => sum + unitsOf(hold.lines), 0);
    const bought = units(holds.filter((hold) => hold.status === 'sold'));
    const ids = live.map((hold) => hold.holdId).sort();
    if (live.length > 0 || bought > 0) {
      facts.set(`Redis: ${buyerText(buyerId)}`, [units(live), bought, ...ids].join(' '));
    }
  }
  return facts;
}

function seenInRedis({ redis, holds, counts }: Observed): Facts {
  const { sale, due, leases, ended, buyers } = redis;
  const epochs = [
    sale.get('epoch'),
    redis.holds.get('#'),
    buyers.get(''),
    ...[due, leases].map((index) => index.get('#')?.slice(1)),
  ];
  const rules = [
    'version',
    'opensAtMs',
    'closesAtMs',
    'paused',
    'closed',
    'holdTtlMs',
    'buyerTicketsMax',
    'orderTicketsMax',
  ];
  const isSwitch = (field: string) => field === 'paused' || field === 'closed';
  const facts: Facts = new Map([
    ['Redis: epochs', epochs.join(' ')],
    ['Redis: rules', rules.map((field) => (isSwitch(field) ? sale.get(field) === '1' : sale.get(field))).join(' ')],
    ['Redis: finishes', sale.get('finishes') ?? ''],
  ]);
  for (const row of counts) facts.set(`Redis: stock of ${row.ticketTypeId}`, stockText(row));
  for (const hold of holds) facts.set(`Redis: hold ${hold.holdId}`, holdText(hold));
  const epochOf = new Map(holds.map((hold) => [hold.holdId, hold.epoch]));
  for (const [id, score] of due) if (id !== '#') facts.set(`Redis: due ${id}`, score);
  for (const [id, score] of leases) if (id !== '#') facts.set(`Redis: lease ${id}`, `${score} in ${epochOf.get(id)}`);
  for (const [id, score] of ended) facts.set(`Redis: ended ${id}`, score);
  for (const [buyerId, packed] of buyers) {
    if (buyerId === '') continue;
    const [held, bought, ...ids] = packed.split(',');
    facts.set(`Redis: ${buyerText(buyerId)}`, [held, bought, ...ids.sort()].join(' '));
  }
  return facts;
}

function holdText(
  hold: Omit<HoldModel, 'attempts' | 'leaseUntilMs' | 'forgetAtMs' | 'timesFromMysql'> & { attempts: string },
) {
  const { status, buyerId, lines, placedAtMs, expiresAtMs, deadlineMs, keyed, attempts } = hold;
  const times = [placedAtMs, expiresAtMs, deadlineMs].join(' ');
  const marks = `${keyed ? ' keyed' : ''}${attempts === '' ? '' : ` attempts ${attempts}`}`;
  return `${status} ${JSON.stringify(buyerId)} ${linesText(lines)} ${times}${marks}`;
}

function stockText(row: { capacity: number; available: number; held: number; sold: number }): string {
  return `capacity ${row.capacity} = available ${row.available} + held ${row.held} + sold ${row.sold}`;
}

function factsOfMysql(sale: SaleModel): Facts {
  const { mysql, epoch } = sale;
  const facts: Facts = new Map([['MySQL: sale', `${rulesText(mysql)} ${epoch}${mysql.settled ? ' settled' : ''}`]]);
  for (const [ticketTypeId, capacity] of mysql.capacity) {
    const sold = soldInMysql(sale, ticketTypeId);
    facts.set(
      `MySQL: stock of ${ticketTypeId}`,
      `${sold} of ${capacity} sold, ledger ${capacity - sold}, epoch ${epoch}`,
    );
  }
  for (const holdId of mysql.voids) facts.set(`MySQL: outcome ${holdId}`, 'void');
  for (const [holdId, { orderId, buyerId, lines }] of mysql.orders) {
    facts.set(`MySQL: outcome ${holdId}`, orderId);
    facts.set(`MySQL: order ${orderId}`, `${holdId} ${JSON.stringify(buyerId)} ${linesText(lines)} with its event`);
  }
  return facts;
}

function seenInMysql({ sale, inMysql, outcomes, orders }: Observed): Facts {
  const rules = [sale['version'], sale['opens_at_ms'], sale['closes_at_ms'] ?? 0, sale['paused'] === 1];
  const limits = [
    sale['hold_ttl_ms'],
    sale['buyer_tickets_max'],
    sale['order_tickets_max'] ?? sale['buyer_tickets_max'],
  ];
  const text = [...rules, sale['closed_at_ms'] !== null, ...limits, sale['epoch']].join(' ');
  const facts: Facts = new Map([['MySQL: sale', `${text}${sale['settled_at_ms'] === null ? '' : ' settled'}`]]);
  for (const { ticketTypeId, sold, capacity, ledger, epoch } of inMysql) {
    facts.set(`MySQL: stock of ${ticketTypeId}`, `${sold} of ${capacity} sold, ledger ${ledger}, epoch ${epoch}`);
  }
  for (const [holdId, outcome] of outcomes) facts.set(`MySQL: outcome ${holdId}`, outcome);
  for (const { orderId, holdId, buyerId, lines, hasEvent } of orders) {
    const event = hasEvent ? 'with its event' : 'WITHOUT ITS EVENT';
    facts.set(`MySQL: order ${orderId}`, `${holdId} ${JSON.stringify(buyerId)} ${linesText(lines)} ${event}`);
  }
  return facts;
}
