import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.ts';
import { isGranted, type Request } from './history.ts';
import type { Market } from './market.ts';

const everyMs = 100;

/** How long after this moment every server had granted a reserve or a confirm that came after it; null when one has not. */
export function serveAgainMs(history: readonly Request[], servers: readonly string[], sinceMs: number): number | null {
  const firsts = servers.map((name) => {
    const served = history.filter(
      (request) =>
        request.server === name &&
        request.startMs >= sinceMs &&
        (request.kind === 'reserve' || request.kind === 'confirm') &&
        isGranted(request),
    );
    return Math.min(...served.map(({ endMs }) => endMs));
  });
  const lastMs = Math.max(...firsts);
  return Number.isFinite(lastMs) ? lastMs - sinceMs : null;
}

/** When the engine first tells that every ticket of both sales is accounted for in both stores; null when not until then. */
export async function firstBalance(
  client: Client,
  { scarce, plenty }: Market,
  untilMs: number,
): Promise<number | null> {
  for (let round = 0; performance.now() < untilMs; round += 1) {
    const answers = await Promise.all(
      [scarce, plenty].map(({ saleId }) =>
        client.ask({
          ...{ method: 'GET', path: `/admin/sales/${saleId}/stock`, caller: 'watcher', scope: 'admin', server: round },
        }),
      ),
    );
    const types = answers.flatMap(({ body }) => (body?.['ticketTypes'] ?? []) as { balanced: boolean }[]);
    const isWhole = answers.every(({ status }) => status === 200) && types.every(({ balanced }) => balanced);
    if (isWhole) return performance.now();
    await sleep(everyMs);
  }
  return null;
}
