// Question: how fast are holds turned into durable orders, and how fast is it with one transaction per order?
import { equal, seenBothSides, settle } from '../suite/books.ts';
import { query } from '../suite/mysql.ts';
import { emptyResult } from '../suite/result.ts';
import { type Arm, runRounds } from '../suite/rounds.ts';
import type { Scene } from '../suite/scene.ts';
import { median, ratiosOf } from '../suite/statistics.ts';
import { confirmArm, echoArm, receiptRequests } from './arms.ts';
import type { Case } from './case.ts';

const question = 'how fast are holds turned into durable orders, and how fast is it with one transaction per order?';

const tickets = 1_000_000;
const forUpdate = 'SELECT … FOR UPDATE per order';
const baselines = [
  { file: 'for-update', name: forUpdate },
  { file: 'guarded-update', name: 'guarded UPDATE per order' },
] as const;

/** The experiment. */
export const confirm: Case = {
  ...{ name: 'confirm', question },
  async run(scene) {
    const saleId = await scene.openSale({ tickets });
    const arms = [echoArm(scene, (buyers) => receiptRequests(scene, saleId, buyers)), confirmArm(scene, saleId)];
    for (const baseline of baselines) arms.push(await transactionArm(scene, baseline));
    const { rows, rules, perSecond } = await runRounds(scene, arms);
    const times = ratiosOf(perSecond.get('confirm') ?? [], perSecond.get(forUpdate) ?? []);
    const ratio = rows.find(({ name }) => name === 'confirm')?.ratio.median ?? Number.NaN;
    const measures = { ratio, 'times for update': median(times) };
    return { ...emptyResult({ name: 'confirm', question }), rows, rules, measures };
  },
};

/** Sells tickets of a type of its own, in the same tables; no sale, so that no worker looks after it. */
export async function transactionArm(scene: Scene, { file, name }: { file: string; name: string }): Promise<Arm> {
  const program = await scene.startBaseline(file);
  const saleId = `baseline-${file}`;
  await query(scene, "INSERT INTO ticket_types VALUES (?, 'standard', 0, 'Standard', 7500, ?, 0, 1)", [
    saleId,
    tickets,
  ]);
  let before = 0;
  return {
    ...{ name, kind: 'baseline', baseUrl: program.baseUrl, atMostPerSecond: 1500 },
    pids: { server: program.pid, mysql: scene.mysql.pid },
    async prepare(count) {
      before = (await books(scene, saleId)).orders;
      return receiptRequests(scene, saleId, scene.newBuyers(count));
    },
    check: (fired) =>
      settle(async () => {
        const { orders, lines, sold } = await books(scene, saleId);
        return [
          equal(`${name}: nothing was refused`, fired.refused, 0),
          seenBothSides(name, fired, orders - before, scene.options.connections),
          equal(`${name}: orders = sold`, orders, sold),
          equal(`${name}: orders = lines`, orders, lines),
        ];
      }),
  };
}

async function books(scene: Scene, saleId: string): Promise<{ orders: number; lines: number; sold: number }> {
  const [row] = await query(
    scene,
    `SELECT (SELECT COUNT(*) FROM orders WHERE sale_id = ?) AS orders,
       (SELECT COUNT(*) FROM orders JOIN order_lines ON order_lines.order_id = orders.id WHERE sale_id = ?) AS \`lines\`,
       (SELECT CAST(sold AS SIGNED) FROM ticket_types WHERE sale_id = ?) AS sold`,
    [saleId, saleId, saleId],
  );
  return { orders: Number(row?.['orders']), lines: Number(row?.['lines']), sold: Number(row?.['sold']) };
}
