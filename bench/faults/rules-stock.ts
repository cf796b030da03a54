import type { SaleEvidence } from './check.ts';
import { isUnknown, type Request } from './history.ts';
import type { TypeTruth, Violation } from './truth.ts';

/** Where the tickets are: none leaked, none sold twice, both stores and the engine's own word alike. */
export function stockRules({ sale, history }: SaleEvidence): Violation[] {
  const law = sale.lawBroken === null ? [] : [violation(sale.saleId, 'Redis agrees with itself', sale.lawBroken)];
  return [
    ...law,
    ...sale.types.flatMap((type) => [...typeRules(sale.saleId, type), ...soldOutRule(sale.saleId, type, history)]),
  ];
}

function typeRules(saleId: string, type: TypeTruth): Violation[] {
  const { ticketTypeId, redis, mysql, told } = type;
  const rules: [string, boolean, unknown][] = [
    ['capacity = available + held + sold', redis.capacity === redis.available + redis.held + redis.sold, redis],
    ['nothing is held at rest', redis.held === 0, redis],
    ['available is not below zero at rest', redis.available >= 0, redis],
    ['no more is sold than there is', mysql.sold <= mysql.capacity && mysql.ordered <= mysql.capacity, mysql],
    [
      'sold is the same in Redis, MySQL, its orders and its ledger',
      [redis.sold, mysql.ordered, mysql.ledgerSold].every((sold) => sold === mysql.sold),
      { redis, mysql },
    ],
    [
      'capacity is the same in Redis, MySQL and its ledger',
      redis.capacity === mysql.capacity && mysql.ledgerCapacity === mysql.capacity,
      { redis, mysql },
    ],
    [
      'the engine tells what the stores say',
      told.balanced &&
        told.capacity === redis.capacity &&
        told.available === redis.available &&
        told.held === redis.held &&
        told.sold === redis.sold &&
        told.soldInMysql === mysql.sold,
      { told, redis, mysql },
    ],
  ];
  return rules.flatMap(([rule, holds, numbers]) =>
    holds ? [] : [violation(saleId, rule, `${ticketTypeId}: ${JSON.stringify(numbers)}`)],
  );
}

/** Another server may repeat a shortage for so long after it is over (SHORTAGE_MEMORY_MS), and clocks have their grain. */
const MEMORY_MS = 60;

/** What is not sold only becomes less: who was told "sold out" while enough is left in the end was told a lie. */
function soldOutRule(saleId: string, { ticketTypeId, redis }: TypeTruth, history: readonly Request[]): Violation[] {
  return history.flatMap((request) => {
    const [line, ...others] = request.lines ?? [];
    if (request.kind !== 'reserve' || request.word !== 'sold_out') return [];
    if (line?.ticketTypeId !== ticketTypeId || others.length > 0 || redis.available < line.quantity) return [];
    return history.some((other) => addsTickets(other, ticketTypeId) && other.endMs + MEMORY_MS >= request.startMs)
      ? []
      : [
          {
            rule: 'nobody is told "sold out" while tickets are left',
            text: `${line.quantity} ${ticketTypeId} were refused, ${redis.available} are left`,
            about: { subject: saleId, buyerId: request.buyerId },
          },
        ];
  });
}

function addsTickets(request: Request, ticketTypeId: string): boolean {
  const mayHave = request.word === 'changed' || isUnknown(request);
  return request.kind === 'capacity' && mayHave && request.ticketTypeId === ticketTypeId && (request.delta ?? 0) > 0;
}

function violation(subject: string, rule: string, text: string): Violation {
  return { rule, text, about: { subject } };
}
