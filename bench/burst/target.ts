import { readLocalSecrets } from '../../scripts/local.ts';
import { NotPossible } from '../../scripts/not-possible.ts';
import { loadTokenSettings } from '../../src/config.ts';
import type { Pids } from '../own/machine.ts';
import type { TokenSettings } from './crowd.ts';

/** The engine that is measured. Only of one that was started here are the processes and logs known. */
export type Target = {
  baseUrl: string;
  tokens: TokenSettings;
  pids: Pids;
  /** What it logged at level warn and above. */
  logLines: () => string[];
};

/** A running engine, whose secret is in the environment or was made by `npm start` here. Throws NotPossible. */
export async function findRunningEngine(url: string, env: NodeJS.ProcessEnv): Promise<Target> {
  const { jwtSecret, issuer, audience } = loadTokenSettings(env);
  const secret = jwtSecret ?? readLocalSecrets()?.jwtSecret;
  if (!secret) throw new NotPossible('AUTH_JWT_SECRET is not set: the tokens of buyers and admin are signed with it');
  const problem = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5000) }).then(
    async (response) => (response.status === 200 ? null : `answers ${response.status}: ${await response.text()}`),
    (error: Error) => `does not answer: ${((error.cause as Error | undefined) ?? error).message}`,
  );
  if (problem) throw new NotPossible(`${url} ${problem}`);
  return { baseUrl: url, tokens: { secret, issuer, audience }, pids: null, logLines: () => [] };
}
