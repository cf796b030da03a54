// Question: what is the ceiling, a Hono server that parses a JSON body and sends it back?
import { reserveRequest } from '../load/request.ts';
import { emptyResult } from '../suite/result.ts';
import { runRounds } from '../suite/rounds.ts';
import { echoArm } from './arms.ts';
import type { Case } from './case.ts';

const question = 'what is the ceiling, a Hono server that parses a JSON body and sends it back?';

/** The experiment. */
export const echo: Case = {
  ...{ name: 'echo', question },
  async run(scene) {
    const { rows, rules } = await runRounds(scene, [
      echoArm(scene, (buyers) => buyers.map(({ token }) => reserveRequest('bench', token))),
    ]);
    return { ...emptyResult({ name: 'echo', question }), rows, rules };
  },
};
