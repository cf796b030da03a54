// Question: how long does one buyer alone wait, and do coalescing and group commit make them wait longer?
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { type Line, openLine } from '../load/line.ts';
import { type Request, reserveRequest } from '../load/request.ts';
import { conserved, equal, settle } from '../suite/books.ts';
import { emptyResult, type LatencyPoint, type Rule } from '../suite/result.ts';
import type { Scene } from '../suite/scene.ts';
import { placeHolds, receiptRequests } from './arms.ts';
import type { Case } from './case.ts';
import { transactionArm } from './confirm.ts';
import { openStock } from './reserve.ts';

const question = 'how long does one buyer alone wait, and do coalescing and group commit make them wait longer?';

/** Requests of one turn; the programs take turns, so that whatever disturbs disturbs all. */
const perTurn = 50;

type Alone = { name: string; baseUrl: string; requests: Request[]; histogram: RecordableHistogram };

/** The experiment. */
export const idle: Case = {
  ...{ name: 'idle', question },
  async run(scene) {
    const turns = scene.options.quick ? 4 : 20;
    const count = perTurn * (turns + 1);
    const saleId = await scene.openSale({ tickets: 1_000_000 });
    const buyers = () => scene.newBuyers(count);
    const reserves = (sale: string) => buyers().map(({ token }) => reserveRequest(sale, token));
    const single = await scene.startBaseline('evalsha');
    await openStock(scene, 'baseline-evalsha', count);
    const guarded = await transactionArm(scene, { file: 'guarded-update', name: 'guarded UPDATE per order' });
    const alone = [
      ['echo', scene.echo.baseUrl, reserves(saleId)],
      ['one EVALSHA per request', single.baseUrl, reserves('baseline-evalsha')],
      ['reserve', scene.engine.baseUrl, reserves(saleId)],
      ['guarded UPDATE per order', guarded.baseUrl, receiptRequests(scene, 'baseline-guarded-update', buyers())],
      ['confirm', scene.engine.baseUrl, await placeHolds(scene, saleId, count)],
    ].map(([name, baseUrl, requests]) => ({ name, baseUrl, requests, histogram: createHistogram() }) as Alone);

    const refused = await takeTurns(alone, turns);
    const p50 = (name: string) => (alone.find((it) => it.name === name)?.histogram.percentile(50) ?? Number.NaN) / 1000;
    const measures = {
      'reserve adds ms': p50('reserve') - p50('one EVALSHA per request'),
      'confirm adds ms': p50('confirm') - p50('guarded UPDATE per order'),
    };
    return {
      ...emptyResult({ name: 'idle', question }),
      latency: alone.map(pointOf),
      measures,
      rules: [equal('idle: nothing was refused', refused, 0), ...(await soldAsPromised(scene, saleId, count))],
      notes: ['What is added is the p50 above that of the small program which does one thing at a time.'],
    };
  },
};

/** One connection, one request at a time; the first turn is not counted. */
async function takeTurns(alone: Alone[], turns: number): Promise<number> {
  const lines: Line[] = [];
  let refused = 0;
  for (let turn = 0; turn <= turns; turn += 1) {
    for (const [index, { baseUrl, requests, histogram }] of alone.entries()) {
      // Not before its first turn: a server cuts connections that bring nothing for some seconds.
      const line = lines[index] ?? (await openLine(baseUrl));
      lines[index] = line;
      for (const request of requests.slice(turn * perTurn, (turn + 1) * perTurn)) {
        const startedMs = performance.now();
        const answer = await line.ask(request);
        if (answer.status !== 201) refused += 1;
        if (turn > 0) histogram.record(Math.round((performance.now() - startedMs) * 1000));
      }
    }
  }
  for (const line of lines) line.close();
  return refused;
}

function soldAsPromised(scene: Scene, saleId: string, count: number): Promise<Rule[]> {
  return settle(async () => {
    const { held, sold } = await scene.engine.admin.stock(saleId);
    return [
      equal('idle: as many are held as were promised', held, count),
      equal('idle: as many are sold as were promised', sold, count),
      await conserved(scene, saleId),
    ];
  });
}

function pointOf({ name, histogram }: Alone): LatencyPoint {
  const ms = (percent: number) => histogram.percentile(percent) / 1000;
  return {
    name,
    share: 0,
    perSecond: 0,
    count: histogram.count,
    p50: ms(50),
    p90: ms(90),
    p99: ms(99),
    p999: ms(99.9),
  };
}
