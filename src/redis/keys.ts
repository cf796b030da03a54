export type SaleKeys = [sale: string, holds: string, due: string, leases: string, buyers: string, ended: string];

/** The six keys of a sale, in the order in which every script of holds declares them; all in the slot of `{saleId}`. */
export function saleKeys(keyPrefix: string, saleId: string): SaleKeys {
  return SALE_KEY_NAMES.map((name) => `${keyPrefix}:{${saleId}}:${name}`) as SaleKeys;
}

/** The hash that carries epoch, run, settings and counts. */
export function saleKey(keyPrefix: string, saleId: string): string {
  return `${keyPrefix}:{${saleId}}:sale`;
}

/** Where a rebuild to `epoch` is staged; `attempt` keeps two rebuilders of one epoch apart. */
export function stagedKeys(keyPrefix: string, saleId: string, epoch: number, attempt: string): SaleKeys {
  return SALE_KEY_NAMES.map((name) => `${keyPrefix}:{${saleId}}:staged:${epoch}:${attempt}:${name}`) as SaleKeys;
}

/** The decision log of a sale. It is no part of what a rebuild replaces: it tells of rebuilds too. */
export function decisionsKey(keyPrefix: string, saleId: string): string {
  return `${keyPrefix}:{${saleId}}:decisions`;
}

const SALE_KEY_NAMES = ['sale', 'holds', 'due', 'leases', 'buyers', 'ended'] as const;

/** Set while one process rebuilds the sale, so that the others wait instead of competing. */
export function rebuildingKey(keyPrefix: string, saleId: string): string {
  return `${keyPrefix}:{${saleId}}:rebuilding`;
}

/** Set while one worker has the audit of this round, so that the others leave the sale alone. */
export function auditedKey(keyPrefix: string, saleId: string): string {
  return `${keyPrefix}:{${saleId}}:audited`;
}
