import { createReceipts } from '../../src/engine/receipt.ts';
import { askAll } from '../load/crowd.ts';
import { confirmRequest, type Request, reserveRequest } from '../load/request.ts';
import { conserved, countAnswers, equal, onlyStatus, seenBothSides, settle } from '../suite/books.ts';
import type { Program } from '../suite/program.ts';
import type { Arm } from '../suite/rounds.ts';
import type { Buyer, Scene } from '../suite/scene.ts';

const echoPerSecondMax = 30_000;
const enginePerSecondMax = 15_000;
/** The echo looks at nothing, so it may see the same requests again: they are as long as those of the engine. */
const echoRequests = 2000;

/** The echo, under requests like those of the case. */
export function echoArm(
  scene: Scene,
  makeRequests: (buyers: Buyer[]) => Request[],
  { name, program }: { name: string; program: Program } = { name: 'echo', program: scene.echo },
): Arm {
  const some = makeRequests(scene.newBuyers(echoRequests));
  return {
    ...{ name, kind: 'ceiling', baseUrl: program.baseUrl, pids: { server: program.pid } },
    atMostPerSecond: echoPerSecondMax,
    prepare: async (count) => Array.from({ length: count }, (_, index) => some[index % some.length] as Request),
    check: async (fired) => [equal(`${name}: nothing was refused`, fired.refused, 0)],
  };
}

/** The processes of the engine that take part in whatever it does. */
export function enginePids({ engine, redis, mysql }: Scene): Record<string, number> {
  return { server: engine.pid, worker: engine.worker.pid, redis: redis.pid, mysql: mysql.pid };
}

/** Reserves that all win, each by a buyer whose credentials were never seen. */
export function reserveArm(scene: Scene, saleId: string, name = 'reserve'): Arm {
  let answersUntilNow: Awaited<ReturnType<typeof countAnswers>>;
  let heldBefore = 0;
  return {
    ...{ name, kind: 'engine', baseUrl: scene.engine.baseUrl, pids: enginePids(scene) },
    atMostPerSecond: enginePerSecondMax,
    async prepare(count) {
      answersUntilNow = await countAnswers(scene, '/purchase/reserve');
      heldBefore = (await scene.engine.admin.stock(saleId)).held;
      return scene.newBuyers(count).map(({ token }) => reserveRequest(saleId, token));
    },
    check: (fired) =>
      settle(async () => {
        const answers = await answersUntilNow();
        const held = (await scene.engine.admin.stock(saleId)).held - heldBefore;
        return [
          onlyStatus(name, '201', answers),
          seenBothSides(name, fired, answers['201'] ?? 0, scene.options.connections),
          equal(`${name}: holds granted = held in Redis`, answers['201'] ?? 0, held),
          await conserved(scene, saleId),
        ];
      }),
  };
}

/** Confirms of holds that were placed before the clock starts, each by its own buyer. */
export function confirmArm(scene: Scene, saleId: string): Arm {
  let answersUntilNow: Awaited<ReturnType<typeof countAnswers>>;
  let soldBefore = 0;
  return {
    ...{ name: 'confirm', kind: 'engine', baseUrl: scene.engine.baseUrl, pids: enginePids(scene) },
    atMostPerSecond: 5000,
    async prepare(count) {
      const requests = await placeHolds(scene, saleId, count);
      answersUntilNow = await countAnswers(scene, '/purchase/confirm');
      soldBefore = (await scene.engine.admin.stock(saleId)).sold;
      return requests;
    },
    check: (fired) =>
      settle(async () => {
        const answers = await answersUntilNow();
        const { sold, soldInMysql } = await scene.engine.admin.stock(saleId);
        return [
          onlyStatus('confirm', '201', answers),
          seenBothSides('confirm', fired, answers['201'] ?? 0, scene.options.connections),
          equal('confirm: orders promised = sold in Redis', answers['201'] ?? 0, sold - soldBefore),
          equal('confirm: orders promised = sold in MySQL', answers['201'] ?? 0, soldInMysql - soldBefore),
          await conserved(scene, saleId),
        ];
      }),
  };
}

/** Places so many holds over HTTP and returns the requests that would confirm them. */
export async function placeHolds(scene: Scene, saleId: string, count: number): Promise<Request[]> {
  const buyers = scene.newBuyers(count);
  const { connections } = scene.options;
  const answers = await askAll(
    { baseUrl: scene.engine.baseUrl, connections },
    buyers.map(({ token }) => reserveRequest(saleId, token)),
  );
  return answers.map(({ status, body }, index) => {
    if (status !== 201) throw new Error(`a hold that was to be confirmed was answered ${status}: ${body}`);
    return confirmRequest((JSON.parse(body) as { token: string }).token, buyers[index]?.token ?? '');
  });
}

/** Confirms with receipts that nobody holds a hold for: for the echo, and for baselines that ask no store about holds. */
export function receiptRequests(scene: Scene, saleId: string, buyers: Buyer[]): Request[] {
  const receipts = createReceipts(scene.secret);
  const nowMs = Date.now();
  return buyers.map(({ buyerId, token }, index) => {
    const holdId = `${saleId}-${buyerId.slice(-12)}-${index}`.slice(-22).padStart(22, '0');
    const receipt = receipts.sign({
      ...{ saleId, holdId, buyerId, currency: 'EUR', placedAtMs: nowMs, expiresAtMs: nowMs + 3_600_000 },
      lines: [{ ticketTypeId: 'standard', quantity: 1, priceMinor: 7500 }],
    });
    return confirmRequest(receipt, token);
  });
}
