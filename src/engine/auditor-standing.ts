import { type Finding, type FindingKind, findingKinds, type SaleAudit, signatureOf } from '../domain/drift.ts';
import type { EngineMetrics } from './metrics.ts';

/** Drift that this process found and that still stands, so that it is told once and not explained again in every round. */
export type Standing = {
  /** Whether this very drift was explained lately and could not be mended. */
  rests(saleId: string, signature: string): boolean;
  /** Notes what was found; says whether it is new. */
  note(audit: SaleAudit): 'new' | 'known';
  /** What was found could not be mended, or a repair did not last: it rests for a while, longer each time. */
  postpone(saleId: string): void;
  /** The sale is well. */
  forget(saleId: string): void;
  /** Another process looks after it in this round: it is that one's to show, and may be ours again. */
  leave(saleId: string): void;
  /** Forgets the sales that are audited no longer. */
  keepOnly(saleIds: ReadonlySet<string>): void;
};

type Entry = { signature: string; findings: Finding[]; tries: number; restsUntil: number; isOurs: boolean };

const REST_FIRST_MS = 10_000;
const REST_MAX_MS = 600_000;

/** Makes the memory of one process, which its gauge shows. */
export function createStanding(metrics: EngineMetrics): Standing {
  const entries = new Map<string, Entry>();
  const show = () => {
    const units = unitsByKind([...entries.values()].flatMap((entry) => (entry.isOurs ? entry.findings : [])));
    for (const kind of Object.keys(findingKinds) as FindingKind[])
      metrics.driftUnits.set({ kind }, units.get(kind) ?? 0);
  };
  show();
  return {
    rests(saleId, signature) {
      const entry = entries.get(saleId);
      return entry?.signature === signature && performance.now() < entry.restsUntil;
    },
    note({ saleId, comparison, findings }) {
      const signature = signatureOf(comparison);
      const known = entries.get(saleId);
      const isKnown = known?.signature === signature;
      entries.set(saleId, { restsUntil: 0, tries: 0, ...(isKnown ? known : {}), signature, findings, isOurs: true });
      show();
      if (isKnown) return 'known';
      for (const [kind, units] of unitsByKind(findings)) metrics.driftUnitsFound.inc({ kind }, units);
      return 'new';
    },
    postpone(saleId) {
      const entry = entries.get(saleId);
      if (!entry) return;
      entry.restsUntil = performance.now() + Math.min(REST_FIRST_MS * 2 ** entry.tries, REST_MAX_MS);
      entry.tries += 1;
    },
    forget(saleId) {
      if (entries.delete(saleId)) show();
    },
    leave(saleId) {
      const entry = entries.get(saleId);
      if (!entry?.isOurs) return;
      entry.isOurs = false;
      show();
    },
    keepOnly(saleIds) {
      for (const saleId of entries.keys()) if (!saleIds.has(saleId)) entries.delete(saleId);
      show();
    },
  };
}

/** Units whose number is not known count as one. */
function unitsByKind(findings: readonly Finding[]): Map<FindingKind, number> {
  const units = new Map<FindingKind, number>();
  for (const { kind, units: count } of findings) units.set(kind, (units.get(kind) ?? 0) + Math.abs(count ?? 1));
  return units;
}
