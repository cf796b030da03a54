import fc from 'fast-check';
import type { Call } from './call.ts';
import type { Operation } from './document.ts';
import { jsonOf } from './json.ts';
import type { Person, World } from './world.ts';

/** A request before it is put on the wire: good, and made of parts that can be spoilt one at a time. */
export type Draft = {
  operation: Operation;
  caller: Person | null;
  params: Readonly<Record<string, string>>;
  query: readonly (readonly [name: string, value: string])[];
  body: Readonly<Record<string, unknown>> | null;
  key: string | null;
};

/** A good request of an operation, by its schemas and with what there is in the world. */
export function draftOf(operation: Operation, world: World): fc.Arbitrary<Draft> {
  return fc.nat().chain((pick) => {
    const hold = world.holds[pick % world.holds.length] as World['holds'][number];
    const order = world.orders[pick % world.orders.length] as World['orders'][number];
    const isBuyer = operation.scope === 'buyer';
    const caller = isBuyer ? hold.buyer : operation.scope === 'admin' ? world.admin : null;
    const known: Record<string, string> = {
      saleId: world.saleId,
      campaignId: world.campaignId,
      holdId: hold.holdId,
      orderId: order.orderId,
      buyerId: hold.buyer.sub,
      ticketTypeId: world.ticketTypeIds[pick % world.ticketTypeIds.length] as string,
      token: hold.token,
    };
    return fc.record({
      operation: fc.constant(operation),
      caller: fc.constant(caller),
      params: fc.constant(Object.fromEntries(operation.params.map(({ name }) => [name, known[name] ?? '']))),
      query: queryOf(operation, known, world),
      body: bodyOf(operation, known, world),
      key: operation.takesKey ? fc.option(fc.uuid()) : fc.constant(null),
    });
  });
}

function queryOf(operation: Operation, known: Record<string, string>, world: World): fc.Arbitrary<[string, string][]> {
  const values = operation.query.flatMap(({ name, schema }) => {
    const cursor = world.cursors.get(operation.path);
    if (name === 'cursor') return cursor === undefined ? [] : [[name, fc.constant(cursor)] as const];
    if (known[name] !== undefined) return [[name, fc.constant(known[name])] as const];
    return [[name, jsonOf(schema, {}).map(String)] as const];
  });
  const pairs = values.map(([name, value]) => fc.option(value.map((text): [string, string] => [name, text])));
  return fc.tuple(...pairs).map((chosen) => chosen.filter((pair) => pair !== null));
}

/** Ids that a body makes are new ones; all others name what is there. */
function bodyOf(
  operation: Operation,
  known: Record<string, string>,
  world: World,
): fc.Arbitrary<Record<string, unknown> | null> {
  if (operation.body === null) return fc.constant(null);
  const creates = operation.path === '/admin/sales' || operation.path === '/admin/coupon-campaigns';
  const fresh = fc.uuid().map((id) => `new-${id}`);
  const named: Record<string, fc.Arbitrary<unknown>> = {
    saleId: creates ? fresh : fc.constant(known['saleId']),
    campaignId: fresh,
    ticketTypeId: creates ? fc.uuid() : fc.constantFrom(...world.ticketTypeIds),
    token: fc.constant(known['token']),
    quantity:
      operation.path === '/purchase/reserve' ? fc.integer({ min: 1, max: 2 }) : fc.integer({ min: 1, max: 9999 }),
    delta: fc.integer({ min: -5, max: 5 }).filter((delta) => delta !== 0),
  };
  const { schema, accepts, required } = operation.body;
  const body = jsonOf(schema, named).filter((value) => accepts(value)) as fc.Arbitrary<Record<string, unknown>>;
  return required ? body : fc.option(body);
}

/** Puts a draft on the wire as a well-behaved client would. */
export function callOf(draft: Draft): Call {
  const { operation, caller, key, body } = draft;
  const headers: [string, string][] = [];
  if (caller !== null) headers.push(['Authorization', `Bearer ${caller.bearer}`]);
  if (key !== null) headers.push(['Idempotency-Key', key]);
  if (body !== null) headers.push(['Content-Type', 'application/json']);
  return {
    method: operation.method,
    target: targetOf(draft),
    headers,
    body: body === null ? null : Buffer.from(JSON.stringify(body)),
    framing: body === null ? 'own' : 'length',
  };
}

/** The path and query of a draft. */
export function targetOf({ operation, params, query }: Pick<Draft, 'operation' | 'params' | 'query'>): string {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const pairs = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}
