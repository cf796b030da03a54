// Question: how fast are coupons issued while the consumer writes them to MySQL, and how soon is every one of them there?
import { setTimeout as sleep } from 'node:timers/promises';
import type { Request } from '../load/request.ts';
import { countAnswers, equal, onlyStatus, seenBothSides, settle } from '../suite/books.ts';
import { query } from '../suite/mysql.ts';
import { emptyResult } from '../suite/result.ts';
import { type Arm, runRounds } from '../suite/rounds.ts';
import type { Buyer, Scene } from '../suite/scene.ts';
import { echoArm, enginePids } from './arms.ts';
import type { Case } from './case.ts';

const question =
  'how fast are coupons issued while the consumer writes them to MySQL, and how soon is every one of them there?';

const campaignId = 'bench';
const quantity = 1_000_000;
const route = '/coupons/:campaignId/issue';
const lagWaitMaxMs = 60_000;

/** The experiment. */
export const coupon: Case = {
  ...{ name: 'coupon', question },
  async run(scene) {
    await scene.engine.calls.createCampaign(campaignId, quantity);
    const lagsSeconds: number[] = [];
    const { rows, rules } = await runRounds(scene, [
      echoArm(scene, issueRequests),
      issueArm(scene, (seconds) => lagsSeconds.push(seconds)),
    ]);
    const measures = { ratio: rows[1]?.ratio.median ?? Number.NaN, 'lag seconds': Math.max(...lagsSeconds) };
    return { ...emptyResult({ name: 'coupon', question }), rows, rules, measures };
  },
};

function issueRequests(buyers: Buyer[]): Request[] {
  return buyers.map(({ token }) => ({ method: 'POST', path: `/coupons/${campaignId}/issue`, token, body: '{}' }));
}

/** `onLag` is told how long after the load it took until every coupon had its row; a bare lower bound when it never had. */
function issueArm(scene: Scene, onLag: (seconds: number) => void): Arm {
  let answersUntilNow: Awaited<ReturnType<typeof countAnswers>>;
  let storedBefore = 0;
  return {
    ...{ name: 'coupon issue', kind: 'engine', baseUrl: scene.engine.baseUrl, pids: enginePids(scene) },
    atMostPerSecond: 15_000,
    async prepare(count) {
      answersUntilNow = await countAnswers(scene, route);
      storedBefore = await countRows(scene);
      return issueRequests(scene.newBuyers(count));
    },
    async check(fired) {
      const endedMs = performance.now();
      let answers = await answersUntilNow();
      let stored = await countRows(scene);
      while (stored - storedBefore < (answers['201'] ?? 0) && performance.now() - endedMs < lagWaitMaxMs) {
        await sleep(50);
        answers = await answersUntilNow();
        stored = await countRows(scene);
      }
      onLag((performance.now() - endedMs) / 1000);
      return settle(async () => {
        const now = await answersUntilNow();
        return [
          onlyStatus('coupon issue', '201', now),
          seenBothSides('coupon issue', fired, now['201'] ?? 0, scene.options.connections),
          equal(
            'coupon issue: coupons promised = rows in MySQL',
            now['201'] ?? 0,
            (await countRows(scene)) - storedBefore,
          ),
        ];
      });
    },
  };
}

async function countRows(scene: Scene): Promise<number> {
  const [row] = await query(scene, 'SELECT COUNT(*) AS stored FROM coupons WHERE campaign_id = ?', [campaignId]);
  return Number(row?.['stored']);
}
