// Question: what is the ceiling, a Hono server that parses a JSON body and sends it back?
import { reserveRequest } from '../load/request.ts';
import { emptyResult } from '../suite/result.ts';
import { runRounds } from '../suite/rounds.ts';
import type { Buyer } from '../suite/scene.ts';
import { echoArm } from './arms.ts';
import type { Case } from './case.ts';

const question = 'what is the ceiling, a Hono server that parses a JSON body and sends it back?';

/** The experiment. */
export const echo: Case = {
  ...{ name: 'echo', question },
  async run(scene) {
    const requests = (buyers: Buyer[]) => buyers.map(({ token }) => reserveRequest('bench', token));
    const gathered = { name: 'gathered echo', program: await scene.startBaseline('gathered-echo') };
    const { rows, rules } = await runRounds(scene, [echoArm(scene, requests), echoArm(scene, requests, gathered)]);
    const notes = ['The gathered echo answers the requests of one turn side by side, as the engine does.'];
    return { ...emptyResult({ name: 'echo', question }), rows, rules, notes };
  },
};
