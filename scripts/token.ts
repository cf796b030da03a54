import { parseArgs } from 'node:util';
import { loadTokenSettings } from '../src/config.ts';
import { readLocalSecrets } from './local.ts';
import { signToken } from './sign-token.ts';

const usage = 'usage: npm run -s token -- --sub alice [--scope admin] [--ttl-seconds 43200]';

/** Prints an access token, signed with AUTH_JWT_SECRET or with the secret that `npm start` made. */
function main(): void {
  const { values } = parseArgs({
    options: {
      sub: { type: 'string' },
      scope: { type: 'string' },
      'ttl-seconds': { type: 'string', default: '43200' },
    },
  });
  const ttlSeconds = Number(values['ttl-seconds']);
  if (!values.sub || !Number.isSafeInteger(ttlSeconds) || ttlSeconds <= 0) throw new Error(usage);
  const settings = loadTokenSettings();
  const secret = settings.jwtSecret ?? readLocalSecrets()?.jwtSecret;
  if (!secret) throw new Error('there is no secret to sign with: set AUTH_JWT_SECRET, or run "npm start" once');
  console.log(signToken({ ...settings, secret, sub: values.sub, scope: values.scope, ttlSeconds }));
}

try {
  main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
