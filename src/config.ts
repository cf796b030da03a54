import { hkdfSync } from 'node:crypto';
import { environment, origins, settings, type Values, type Variable } from './settings.ts';

/** Everything that differs between installations. Units and bounds stand at the end of the names. */
export type Config = {
  environment: 'development' | 'test' | 'production';
  logLevel: string;
  http: {
    host: string;
    port: number;
    bodyBytesMax: number;
    requestDeadlineMs: number;
    confirmDeadlineMs: number;
    corsOrigins: string[];
    drainDelayMs: number;
    shutdownGraceMs: number;
  };
  /** With neither a port nor a token, production does not serve `/metrics`. */
  metrics: { port: number | null; token: string | null };
  auth: { jwtSecret: string | null; jwksUrl: string | null; issuer: string | null; audience: string | null };
  secrets: { holdToken: string; holdId: string; couponId: string };
  redis: { url: string; keyPrefix: string; commandTimeoutMs: number };
  mysql: {
    url: string;
    connectionsMax: number;
    queryTimeoutMs: number;
    connectTimeoutMs: number;
    lockWaitSeconds: number;
  };
  hold: {
    leaseMs: number;
    graceMs: number;
    graceMaxMs: number;
    keyedMemoryMs: number;
    memoryMs: number;
    bucketMs: number;
    sweepEveryMs: number;
    recoverEveryMs: number;
    sliceMax: number;
    inlineExpireMax: number;
  };
  batch: { placeLinesMax: number; confirmLinesMax: number; commitOrdersMax: number; couponsMax: number };
  /** How long a shortage is repeated without asking Redis; 0 is never. */
  shortageMemoryMs: number;
  /** Entries of the decision log of a sale; 0 is off. */
  decisionsMax: number;
  catalogEveryMs: number;
  /** `everyMs` 0: no rounds, only on demand. */
  auditor: { everyMs: number; pauseMs: number; holdsMax: number };
  startWaitMs: number;
  couponConsumer: { batchMax: number; triesMax: number; blockMs: number; claimIdleMs: number };
};

/** Every variable that is missing or wrong, at once. Values never appear in the message: they may be secrets. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(`The environment is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** Reads and validates the environment. Throws ConfigError naming every problem at once; an empty variable is an absent one. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(
    Object.keys(settings).flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
  ) as Partial<Record<Variable, string>>;
  const { value, error } = environment.validate(given, { abortEarly: false, errors: { wrap: { label: false } } });
  const problems = [...(error?.details.map((detail) => detail.message) ?? []), ...authProblems(given)];
  if (problems.length > 0) throw new ConfigError(problems);

  return toConfig(value as Values);
}

function toConfig(values: Values): Config {
  const text = (name: Variable) => values[name] as string;
  const number = (name: Variable) => values[name] as number;
  const textOrNull = (name: Variable) => (values[name] as string | undefined) ?? null;

  return {
    environment: text('NODE_ENV') as Config['environment'],
    logLevel: text('LOG_LEVEL'),
    http: {
      host: text('HOST'),
      port: number('PORT'),
      bodyBytesMax: number('BODY_BYTES_MAX'),
      requestDeadlineMs: number('REQUEST_DEADLINE_MS'),
      confirmDeadlineMs: number('CONFIRM_DEADLINE_MS'),
      corsOrigins: origins(textOrNull('CORS_ORIGINS') ?? ''),
      drainDelayMs: number('DRAIN_DELAY_MS'),
      shutdownGraceMs: number('SHUTDOWN_GRACE_MS'),
    },
    metrics: { port: (values.METRICS_PORT as number | undefined) ?? null, token: textOrNull('METRICS_TOKEN') },
    auth: {
      jwtSecret: textOrNull('AUTH_JWT_SECRET'),
      jwksUrl: textOrNull('AUTH_JWKS_URL'),
      issuer: textOrNull('AUTH_ISSUER'),
      audience: textOrNull('AUTH_AUDIENCE'),
    },
    secrets: secretsFrom(textOrNull('AUTH_JWT_SECRET'), textOrNull('HOLD_TOKEN_SECRET')),
    redis: {
      url: text('REDIS_URL'),
      keyPrefix: text('REDIS_KEY_PREFIX'),
      commandTimeoutMs: number('REDIS_COMMAND_TIMEOUT_MS'),
    },
    mysql: {
      url: text('DATABASE_URL'),
      connectionsMax: number('MYSQL_CONNECTIONS_MAX'),
      queryTimeoutMs: number('MYSQL_QUERY_TIMEOUT_MS'),
      connectTimeoutMs: number('MYSQL_CONNECT_TIMEOUT_MS'),
      lockWaitSeconds: number('MYSQL_LOCK_WAIT_SECONDS'),
    },
    hold: {
      leaseMs: number('HOLD_LEASE_MS'),
      graceMs: number('HOLD_GRACE_MS'),
      graceMaxMs: number('HOLD_GRACE_MAX_MS'),
      keyedMemoryMs: number('HOLD_KEYED_MEMORY_MS'),
      memoryMs: number('HOLD_MEMORY_MS'),
      bucketMs: number('HOLD_BUCKET_MS'),
      sweepEveryMs: number('HOLD_SWEEP_EVERY_MS'),
      recoverEveryMs: number('HOLD_RECOVER_EVERY_MS'),
      sliceMax: number('HOLD_SLICE_MAX'),
      inlineExpireMax: number('HOLD_INLINE_EXPIRE_MAX'),
    },
    batch: {
      placeLinesMax: number('BATCH_PLACE_LINES_MAX'),
      confirmLinesMax: number('BATCH_CONFIRM_LINES_MAX'),
      commitOrdersMax: number('BATCH_COMMIT_ORDERS_MAX'),
      couponsMax: number('BATCH_COUPONS_MAX'),
    },
    shortageMemoryMs: number('SHORTAGE_MEMORY_MS'),
    decisionsMax: number('DECISIONS_MAX'),
    catalogEveryMs: number('CATALOG_EVERY_MS'),
    auditor: auditorFrom(number),
    startWaitMs: number('START_WAIT_MS'),
    couponConsumer: {
      batchMax: number('COUPON_BATCH_MAX'),
      triesMax: number('COUPON_TRIES_MAX'),
      blockMs: number('COUPON_BLOCK_MS'),
      claimIdleMs: number('COUPON_CLAIM_IDLE_MS'),
    },
  };
}

function auditorFrom(number: (name: Variable) => number): Config['auditor'] {
  return {
    everyMs: number('AUDIT_EVERY_MS'),
    pauseMs: number('AUDIT_PAUSE_MS'),
    holdsMax: number('AUDIT_HOLDS_MAX'),
  };
}

/** Where the environment says that the stores are; null where it says nothing. For scripts and tests that need no more. */
export function loadStoreUrls(env: NodeJS.ProcessEnv = process.env): { redis: string | null; mysql: string | null } {
  return { redis: env['REDIS_URL'] || null, mysql: env['DATABASE_URL'] || null };
}

/** What a locally signed access token has to carry; read without requiring the rest. */
export function loadTokenSettings(env: NodeJS.ProcessEnv = process.env) {
  return {
    jwtSecret: env['AUTH_JWT_SECRET'] || null,
    issuer: env['AUTH_ISSUER'] || null,
    audience: env['AUTH_AUDIENCE'] || null,
  };
}

/** Where programs are searched for. */
export function loadSearchPath(env: NodeJS.ProcessEnv = process.env): string {
  return env['PATH'] ?? '';
}

/** Rules that concern several variables; reported even when one of them is malformed, so that one start tells everything. */
function authProblems(given: Partial<Record<Variable, string>>): string[] {
  if (given.AUTH_JWT_SECRET && given.AUTH_JWKS_URL) {
    return ['AUTH_JWT_SECRET and AUTH_JWKS_URL exclude each other: a token must not choose how it is checked'];
  }
  if (given.AUTH_JWKS_URL) {
    const needed = ['AUTH_ISSUER', 'AUTH_AUDIENCE', 'HOLD_TOKEN_SECRET'] as const;
    return needed.filter((name) => !given[name]).map((name) => `${name} is required with AUTH_JWKS_URL`);
  }
  return given.AUTH_JWT_SECRET ? [] : ['AUTH_JWT_SECRET or AUTH_JWKS_URL is required'];
}

/**
 * One secret per purpose (RFC 5869), so that a signature made for one is worth nothing for another. Ids follow the
 * hold-token secret where there is one: rotating the access tokens' secret then changes no hold's id.
 */
function secretsFrom(jwtSecret: string | null, holdTokenSecret: string | null): Config['secrets'] {
  const root = holdTokenSecret ?? jwtSecret ?? '';
  const derive = (label: string) => Buffer.from(hkdfSync('sha256', root, '', label, 32)).toString('base64url');

  return {
    holdToken: holdTokenSecret ?? derive('onsale hold token v1'),
    holdId: derive('onsale hold id v1'),
    couponId: derive('onsale coupon id v1'),
  };
}
