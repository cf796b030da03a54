// Question: how many buyers a second get through a whole purchase, reserve and then confirm on the same connection?

import { chain } from '../load/chain.ts';
import type { Answer } from '../load/line.ts';
import { confirmRequest, reserveRequest } from '../load/request.ts';
import { conserved, countAnswers, equal, onlyStatus, settle } from '../suite/books.ts';
import { emptyResult } from '../suite/result.ts';
import { type Arm, runRounds } from '../suite/rounds.ts';
import type { Scene } from '../suite/scene.ts';
import { echoArm, enginePids } from './arms.ts';
import type { Case } from './case.ts';

const question =
  'how many buyers a second get through a whole purchase, reserve and then confirm on the same connection?';

/** The experiment. */
export const purchase: Case = {
  ...{ name: 'purchase', question },
  async run(scene) {
    const saleId = await scene.openSale({ tickets: 1_000_000 });
    const echo = echoArm(scene, (buyers) => buyers.map(({ token }) => reserveRequest(saleId, token)));
    // Two requests make one purchase on both sides, the second as long as a confirm.
    const secondOfEcho = (_answer: Answer, token: string) => confirmRequest('x'.repeat(280), token);
    const { rows, rules } = await runRounds(scene, [
      { ...echo, load: chain(secondOfEcho), atMostPerSecond: 10_000 },
      purchaseArm(scene, saleId),
    ]);
    const ratio = rows[1]?.ratio.median ?? Number.NaN;
    const notes = [
      'Sent by sockets of Node on both sides: wrk does not read a token from one answer into the next request.',
    ];
    return { ...emptyResult({ name: 'purchase', question }), rows, rules, notes, measures: { ratio } };
  },
};

function purchaseArm(scene: Scene, saleId: string): Arm {
  let reservesUntilNow: Awaited<ReturnType<typeof countAnswers>>;
  let confirmsUntilNow: Awaited<ReturnType<typeof countAnswers>>;
  let soldBefore = 0;
  return {
    ...{ name: 'purchase', kind: 'engine', baseUrl: scene.engine.baseUrl, pids: enginePids(scene) },
    atMostPerSecond: 3000,
    load: chain((answer, token) => confirmRequest((JSON.parse(answer.body) as { token: string }).token, token)),
    async prepare(count) {
      reservesUntilNow = await countAnswers(scene, '/purchase/reserve');
      confirmsUntilNow = await countAnswers(scene, '/purchase/confirm');
      soldBefore = (await scene.engine.admin.stock(saleId)).sold;
      return scene.newBuyers(count).map(({ token }) => reserveRequest(saleId, token));
    },
    check: (fired) =>
      settle(async () => {
        const [reserves, confirms] = [await reservesUntilNow(), await confirmsUntilNow()];
        const { held, sold } = await scene.engine.admin.stock(saleId);
        return [
          onlyStatus('purchase: reserve', '201', reserves),
          onlyStatus('purchase: confirm', '201', confirms),
          equal(
            'purchase: confirms that the load saw = those that the server gave',
            fired.answers,
            confirms['201'] ?? 0,
          ),
          equal('purchase: orders promised = sold', confirms['201'] ?? 0, sold - soldBefore),
          equal('purchase: nothing is left held', held, 0),
          await conserved(scene, saleId),
        ];
      }),
  };
}
