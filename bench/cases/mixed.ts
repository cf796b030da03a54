// Question: how much traffic of an ordinary hour goes through, 70 % reads, 25 % reserves and 5 % confirms?
import { confirmRequest, type Request, reserveRequest } from '../load/request.ts';
import { conserved, countAnswers, equal, onlyStatus, seenBothSides, settle } from '../suite/books.ts';
import { emptyResult } from '../suite/result.ts';
import { type Arm, runRounds } from '../suite/rounds.ts';
import type { Buyer, Scene } from '../suite/scene.ts';
import { echoArm, enginePids, placeHolds } from './arms.ts';
import type { Case } from './case.ts';

const question = 'how much traffic of an ordinary hour goes through, 70 % reads, 25 % reserves and 5 % confirms?';

/** Of every twenty requests: r reads, h holds, c confirms. */
const pattern = 'rrhrrrhrrrcrrhrrhrrh';

/** The experiment. */
export const mixed: Case = {
  ...{ name: 'mixed', question },
  async run(scene) {
    const saleId = await scene.openSale({ tickets: 1_000_000 });
    const echoes = (buyers: Buyer[]) => mix(saleId, buyers, (buyer) => confirmRequest('x'.repeat(280), buyer.token));
    const { rows, rules } = await runRounds(scene, [echoArm(scene, echoes), mixedArm(scene, saleId)]);
    return {
      ...emptyResult({ name: 'mixed', question }),
      rows,
      rules,
      measures: { ratio: rows[1]?.ratio.median ?? Number.NaN },
    };
  },
};

/** One request a buyer, in the pattern. */
function mix(saleId: string, buyers: Buyer[], confirm: (buyer: Buyer) => Request): Request[] {
  return buyers.map((buyer, index) => {
    const kind = pattern[index % pattern.length];
    if (kind === 'r') return { method: 'GET', path: `/sales/${saleId}` };
    return kind === 'h' ? reserveRequest(saleId, buyer.token) : confirm(buyer);
  });
}

function mixedArm(scene: Scene, saleId: string): Arm {
  const routes = ['/sales/:saleId', '/purchase/reserve', '/purchase/confirm'] as const;
  let counters: (() => Promise<Record<string, number>>)[] = [];
  let before = { held: 0, sold: 0 };
  return {
    ...{ name: 'mixed traffic', kind: 'engine', baseUrl: scene.engine.baseUrl, pids: enginePids(scene) },
    atMostPerSecond: 10_000,
    async prepare(count) {
      const confirms = await placeHolds(scene, saleId, Math.ceil(count / pattern.length));
      before = await scene.engine.admin.stock(saleId);
      counters = await Promise.all(routes.map((route) => countAnswers(scene, route)));
      const next = confirms[Symbol.iterator]();
      return mix(saleId, scene.newBuyers(count), () => next.next().value as Request);
    },
    check: (fired) =>
      settle(async () => {
        const [reads = {}, reserves = {}, confirms = {}] = await Promise.all(counters.map((count) => count()));
        const { held, sold } = await scene.engine.admin.stock(saleId);
        const [read, granted, promised] = [reads['200'] ?? 0, reserves['201'] ?? 0, confirms['201'] ?? 0];
        return [
          equal('mixed: nothing was refused', fired.refused, 0),
          onlyStatus('mixed: read', '200', reads),
          onlyStatus('mixed: reserve', '201', reserves),
          onlyStatus('mixed: confirm', '201', confirms),
          seenBothSides('mixed', fired, read + granted + promised, scene.options.connections),
          equal('mixed: orders promised = sold', promised, sold - before.sold),
          equal('mixed: holds granted − orders = held', granted - promised, held - before.held),
          await conserved(scene, saleId),
        ];
      }),
  };
}
