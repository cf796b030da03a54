/** Names that collations, prototypes, separators and encodings like to confuse. */
export const buyers = ['Alice', 'alice', '王小明 🎫', '__proto__', ';,:|{}"\\', 'constructor'];

/** What a sale may offer; the last one is in no sale. */
export const types = ['std', 'VIP', '__proto__', 'none'];

/** Holds are named by the slot that they were reserved into, so that an operation keeps its meaning when others are left out. */
export type Slot = number;
type Who = 'owner' | 'other' | 'forged';
type LineOf = { type: number; quantity: number };

export type Reserve = {
  kind: 'reserve';
  sale: number;
  buyer: number;
  lines: LineOf[];
  key: number | null;
  slot: Slot;
};

export type Operation =
  | Reserve
  | { kind: 'replay'; slot: Slot }
  | { kind: 'confirm' | 'release'; slot: Slot; as: Who }
  | { kind: 'admin release'; slot: Slot }
  | { kind: 'own holds'; sale: number; buyer: number }
  | { kind: 'stock' | 'sweep' | 'recover' | 'forget' | 'reconcile'; sale: number }
  | { kind: 'bucket'; slot: Slot; buckets: number }
  | { kind: 'wait'; ms: number }
  | { kind: 'wait until'; what: Moment; slot: Slot; offsetMs: number }
  | { kind: 'switch'; sale: number; to: 'paused' | 'resumed' | 'closed'; key: number | null }
  | { kind: 'capacity'; sale: number; type: number; delta: number; key: number | null }
  | { kind: 'update'; sale: number; change: Change }
  | { kind: 'resync'; sale: number; dryRun: boolean; key: number | null }
  | { kind: 'attempt begins'; slot: Slot; attempt: number }
  | { kind: 'attempt commits' | 'attempt finishes' | 'attempt aborts'; attempt: number }
  | { kind: 'late commit'; slot: Slot }
  | { kind: 'drift'; sale: number; type: number; units: number }
  | { kind: 'half a pause'; sale: number }
  | { kind: 'half a decrease' | 'half an increase'; sale: number; type: number }
  | { kind: 'lose'; sale: number; what: Loss; first: Operation }
  | { kind: 'in turn'; all: Operation[] }
  | { kind: 'crowd'; all: Operation[] }
  | { kind: 'together'; sameProcess: boolean; isLater: boolean; both: [Operation, Operation] };

/** The operation of this kind; kinds that are alike are named together. */
export type Of<K extends Operation['kind']> = Extract<Operation, { kind: K }>;
export type Moment = 'deadline' | 'promise' | 'grace' | 'lease' | 'memory' | 'opening' | 'closing';
export type Loss = 'all' | 'sale' | 'holds' | 'due' | 'leases' | 'buyers' | 'run';
type Change =
  | { opensInMs: number }
  | { closesInMs: number | null }
  | { holdTtlMs: number }
  | { buyerTicketsMax: number }
  | { orderTicketsMax: number | null };

/** How a sale of one run begins; times are from the first moment on. */
export type SaleShape = {
  capacities: number[];
  opensInMs: number;
  closesInMs: number | null;
  holdTtlMs: number;
  buyerTicketsMax: number;
  orderTicketsMax: number | null;
};

/** An operation as one reads it. */
export function describe(it: Operation): string {
  if (it.kind === 'together')
    return `together (${it.both.map(describe).join(it.isLater ? ' | a turn later ' : ' | ')})${it.sameProcess ? '' : ' in two processes'}`;
  if (it.kind === 'crowd') return `in one turn (${it.all.map(describe).join(' | ')})`;
  if (it.kind === 'in turn') return `in turn: ${it.all.map(describe).join('; ')}`;
  if (it.kind === 'lose') return `Redis loses ${it.what} of sale ${it.sale}, then ${describe(it.first)}`;
  if (it.kind === 'reserve') {
    const lines = it.lines.map((line) => `${line.quantity} ${types[line.type]}`).join(' + ');
    const keyed = it.key === null ? '' : ` with key ${it.key}`;
    return `reserve ${lines} of sale ${it.sale} for ${JSON.stringify(buyers[it.buyer])}${keyed} as hold ${it.slot}`;
  }
  const { kind, ...rest } = it;
  return `${kind} ${JSON.stringify(rest)}`;
}
