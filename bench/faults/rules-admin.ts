import type { SaleEvidence } from './check.ts';
import { isGranted, isUnknown, type Request } from './history.ts';
import type { TypeTruth, Violation } from './truth.ts';

/** What admins were told, against the stores and against what buyers got. */
export function adminRules({ sale, history }: SaleEvidence): Violation[] {
  return [
    ...sale.types.flatMap((type) => capacityRule(sale.saleId, type, history)),
    ...pauseRule(sale.saleId, history),
  ];
}

/** Capacity is what it was at the start and every change that was answered; a change in doubt is there as a whole or not at all. */
function capacityRule(saleId: string, type: TypeTruth, history: readonly Request[]): Violation[] {
  const { ticketTypeId, capacityAtStart, mysql } = type;
  const changes = new Map<string, { delta: number; state: 'done' | 'refused' | 'open' }>();
  for (const request of history) {
    if (request.kind !== 'capacity' || request.ticketTypeId !== ticketTypeId || request.key === null) continue;
    const delta = request.delta ?? 0;
    const known = changes.get(request.key);
    if (isGranted(request)) changes.set(request.key, { delta, state: 'done' });
    else if (known?.state !== 'done')
      changes.set(request.key, { delta, state: isUnknown(request) ? 'open' : 'refused' });
  }
  const all = [...changes.values()];
  const certain = all.reduce((sum, { delta, state }) => sum + (state === 'done' ? delta : 0), capacityAtStart);
  let possible = new Set([certain]);
  for (const { delta, state } of all) {
    if (state === 'open') possible = new Set([...possible].flatMap((capacity) => [capacity, capacity + delta]));
  }
  if (possible.has(mysql.capacity)) return [];
  const text = `${ticketTypeId} has capacity ${mysql.capacity}, possible are ${[...possible].join(', ')}`;
  return [{ rule: 'every change of capacity that was answered is there', text, about: { subject: saleId } }];
}

/** From the answer "paused" until somebody asks to resume, nobody gets a new hold. */
function pauseRule(saleId: string, history: readonly Request[]): Violation[] {
  const resumes = history.filter(({ kind }) => kind === 'resume');
  const answered = new Set(resumes.filter(isGranted).map(({ key }) => key));
  // A resume in doubt may take effect at any later time.
  if (resumes.some((resume) => isUnknown(resume) && !answered.has(resume.key))) return [];
  const pauses = history.filter((request) => request.kind === 'pause' && isGranted(request));
  return pauses.flatMap((pause) => {
    const resumedMs = Math.min(...resumes.map(({ startMs }) => startMs).filter((startMs) => startMs > pause.endMs));
    return history
      .filter(({ kind, status }) => kind === 'reserve' && status === 201)
      .filter(({ startMs, endMs }) => startMs > pause.endMs && endMs < resumedMs)
      .map(({ holdId, buyerId }) => ({
        rule: 'nobody gets a hold while the sale is paused',
        text: `paused was answered under key ${pause.key}`,
        about: { holdId: holdId ?? '', buyerId, subject: saleId },
      }));
  });
}
