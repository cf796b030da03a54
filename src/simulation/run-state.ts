import type { Connection } from 'mysql2/promise';
import type { Line, PricedLine } from '../domain/hold.ts';
import type { Engine } from '../engine/engine.ts';
import type { Mysql } from '../mysql/connection.ts';
import type { OrderWriter } from '../mysql/order-writer.ts';
import type { Redis } from '../redis/connection.ts';
import type { Laws } from './laws.ts';
import { buyers, type Operation, type Reserve, types } from './operations.ts';
import type { Receipt } from './oracle/placing.ts';
import type { Expected, SaleModel, Steps, World } from './oracle/world.ts';
import type { Tally } from './tally.ts';

/** The real thing: two processes' engines, and what the simulation drives and looks at the same stores with. */
export type Real = {
  engines: [Engine, Engine];
  redis: Redis;
  mysql: Mysql;
  writer: OrderWriter;
  look: Connection;
  clock: { nowMs: number };
};

/** What was reserved under one name: the last request, to be repeated word by word, and the receipt of the last that was held. */
export type Slot = { request: Reserve; receipt: (Receipt & { saleId: string; token: string }) | null };

/** A confirm that the simulation itself takes through its steps, and that may die after any of them. */
export type Attempt = Receipt & {
  saleId: string;
  attemptId: string;
  orderId: string;
  epoch: number;
  state: 'begun' | 'committed' | 'aborted';
};

/** One run: the oracle's world, the names that its operations use, and what was promised so far. */
export type Run = {
  world: World;
  saleIds: string[];
  actorId: string;
  slots: Map<number, Slot>;
  attempts: Map<number, Attempt>;
  keyedIds: Map<string, string>;
  laws: Laws;
  /** Sales whose counts the simulation itself has changed, behind the scripts. */
  tampered: Set<string>;
  trace: string[];
  /** What was done, in scenarios or not. */
  done: Operation[];
  tally: Tally;
  steps: number;
};

/** One operation as it is done and as the oracle predicts it, both once what it names is known. */
export type Deed = {
  /** The sale that it touches, to be compared afterwards; null for none. */
  saleId: string | null;
  /** The promise that its answer is about. */
  about?: Pick<Receipt, 'holdId' | 'lines'> | undefined;
  act(engine: Engine, real: Real): Promise<Expected>;
  /** `by` is the number of the engine that did it. */
  predict(world: World, actual: Expected, by: number): Steps<Expected>;
};

const prices = new Map([
  ['std', 5000],
  ['VIP', 9000],
  ['__proto__', 100],
]);

/** Sets the one clock, which both engines and the oracle go by. */
export function moveClock({ world }: Run, { clock }: Pick<Real, 'clock'>, nowMs: number): void {
  world.nowMs = nowMs;
  clock.nowMs = nowMs;
}

/** The price of every ticket type, the same in all sales. */
export function priceOf(ticketTypeId: string): number {
  return prices.get(ticketTypeId) ?? 0;
}

/** Lines as a token has them. */
export function priced(lines: readonly Line[]): PricedLine[] {
  return lines.map((line) => ({ ...line, priceMinor: priceOf(line.ticketTypeId) }));
}

/** The oracle's sale of this id in this world. */
export function saleIn(world: World, saleId: string): SaleModel {
  const sale = world.sales.get(saleId);
  if (!sale) throw new Error(`the oracle has no sale ${saleId}`);
  return sale;
}

/** The id of the sale with this number; one more than there are names a sale that nobody made. */
export function saleIdAt(run: Run, index: number): string {
  return run.saleIds[index] ?? 'a-sale-that-nobody-made';
}

export function buyerAt(index: number): string {
  return buyers[index] as string;
}

export function typeAt(index: number): string {
  return types[index] as string;
}

/** A prediction that nothing can come in between of. */
export function* atOnce<T>(work: () => T): Steps<T> {
  yield* [];
  return work();
}
