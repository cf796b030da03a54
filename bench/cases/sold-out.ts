// Question: how fast is somebody told that everything is sold, when their credentials were never seen?
import { askAll } from '../load/crowd.ts';
import { reserveRequest } from '../load/request.ts';
import { conserved, countAnswers, equal, onlyStatus, seenBothSides, settle } from '../suite/books.ts';
import { emptyResult } from '../suite/result.ts';
import { type Arm, runRounds } from '../suite/rounds.ts';
import type { Scene } from '../suite/scene.ts';
import { echoArm, enginePids, placeHolds } from './arms.ts';
import type { Case } from './case.ts';

const question = 'how fast is somebody told that everything is sold, when their credentials were never seen?';

const tickets = 10;

/** The experiment. */
export const soldOut: Case = {
  ...{ name: 'sold-out', question },
  async run(scene) {
    const saleId = await scene.openSale({ tickets });
    const target = { baseUrl: scene.engine.baseUrl, connections: tickets };
    const bought = await askAll(target, await placeHolds(scene, saleId, tickets));
    const sold = equal('everything was bought', bought.filter(({ status }) => status === 201).length, tickets);

    const { rows, rules } = await runRounds(scene, [
      echoArm(scene, (buyers) => buyers.map(({ token }) => reserveRequest(saleId, token))),
      refusalArm(scene, saleId),
    ]);
    const ratio = rows[1]?.ratio.median ?? Number.NaN;
    return { ...emptyResult({ name: 'sold-out', question }), rows, rules: [sold, ...rules], measures: { ratio } };
  },
};

function refusalArm(scene: Scene, saleId: string): Arm {
  let answersUntilNow: Awaited<ReturnType<typeof countAnswers>>;
  return {
    ...{ name: 'sold-out refusal', kind: 'engine', baseUrl: scene.engine.baseUrl, pids: enginePids(scene) },
    atMostPerSecond: 20_000,
    async prepare(count) {
      answersUntilNow = await countAnswers(scene, '/purchase/reserve');
      return scene.newBuyers(count).map(({ token }) => reserveRequest(saleId, token));
    },
    async check(fired) {
      const books = await settle(async () => {
        const answers = await answersUntilNow();
        const { sold } = await scene.engine.admin.stock(saleId);
        return [
          onlyStatus('refusal', '409', answers),
          seenBothSides('refusal', fired, answers['409'] ?? 0, scene.options.connections),
          equal('refusal: as many are sold as before', sold, tickets),
          await conserved(scene, saleId),
        ];
      });
      const target = { baseUrl: scene.engine.baseUrl, connections: 1 };
      const requests = scene.newBuyers(1).map(({ token }) => reserveRequest(saleId, token));
      const [said] = await askAll(target, requests);
      const code = /"code":"(\w+)"/.exec(said?.body ?? '')?.[1] ?? 'none';
      return [...books, { rule: 'refusal: it says sold_out', ok: code === 'sold_out', numbers: code }];
    },
  };
}
