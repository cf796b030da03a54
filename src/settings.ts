import Joi from 'joi';

type Setting = { schema: Joi.Schema; fallback?: string | number; meaning: string };

const count = (max: number) => Joi.number().integer().min(1).max(max);
const port = Joi.number().integer().min(0).max(65535);
const ms = count(7 * 86_400_000);
const secret = Joi.string().min(32).max(4096);

/** The variables that are read, in the order of the documentation. What has no fallback and is not required may be absent. */
export const settings = {
  NODE_ENV: {
    schema: Joi.string().valid('development', 'test', 'production'),
    fallback: 'development',
    meaning: 'production refuses explicit times and hides /metrics unless it has a port or a token',
  },
  LOG_LEVEL: {
    schema: Joi.string().valid('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    fallback: 'info',
    meaning: 'least level that is logged',
  },
  HOST: { schema: Joi.string().max(255), fallback: '0.0.0.0', meaning: 'address to listen on' },
  PORT: { schema: port, fallback: 3000, meaning: 'port to listen on; 0 takes a free one' },
  BODY_BYTES_MAX: { schema: count(1_048_576), fallback: 16_384, meaning: 'larger request bodies answer 413' },
  REQUEST_DEADLINE_MS: { schema: ms, fallback: 1000, meaning: 'after this a request answers 503' },
  CONFIRM_DEADLINE_MS: { schema: ms, fallback: 2000, meaning: 'the same for a confirm' },
  CORS_ORIGINS: {
    schema: Joi.string().custom(requireOrigins),
    meaning: 'comma-separated origins that browsers may call from, or *',
  },
  DRAIN_DELAY_MS: {
    schema: Joi.number().integer().min(0).max(20_000),
    fallback: 0,
    meaning: 'at SIGTERM, from failing readiness to refusing connections: time for load balancers to notice',
  },
  SHUTDOWN_GRACE_MS: { schema: ms, fallback: 25_000, meaning: 'time for requests and jobs under way at SIGTERM' },
  METRICS_PORT: { schema: port, meaning: 'serves /metrics of this process, server or worker, on a port of its own' },
  METRICS_TOKEN: { schema: Joi.string().min(16).max(4096), meaning: 'bearer token for /metrics on the main port' },
  AUTH_JWT_SECRET: { schema: secret, meaning: 'HS256 secret of access tokens; this or AUTH_JWKS_URL' },
  AUTH_JWKS_URL: {
    schema: Joi.string().uri({ scheme: ['https', 'http'] }),
    meaning: 'keys of an OIDC provider; needs AUTH_ISSUER, AUTH_AUDIENCE and HOLD_TOKEN_SECRET',
  },
  AUTH_ISSUER: { schema: Joi.string().max(1024), meaning: 'required `iss` of access tokens' },
  AUTH_AUDIENCE: { schema: Joi.string().max(1024), meaning: 'required `aud` of access tokens' },
  HOLD_TOKEN_SECRET: { schema: secret, meaning: 'signs hold tokens; derived from AUTH_JWT_SECRET when absent' },
  REDIS_URL: {
    schema: Joi.string()
      .uri({ scheme: ['redis', 'rediss'] })
      .required(),
    meaning: 'redis://[user:password@]host:port[/db]',
  },
  REDIS_KEY_PREFIX: {
    schema: Joi.string().pattern(/^[A-Za-z0-9:_-]{1,64}$/, 'letters, digits, ":", "_" and "-"'),
    fallback: 'onsale:2',
    meaning: 'starts every key; the number is the version of their shape',
  },
  REDIS_COMMAND_TIMEOUT_MS: { schema: ms, fallback: 400, meaning: 'longest wait for one answer of Redis' },
  DATABASE_URL: {
    schema: Joi.string()
      .uri({ scheme: ['mysql'] })
      .custom(requireDatabaseName)
      .required(),
    meaning: 'mysql://user:password@host:port/database (MySQL 8.4+ or MariaDB 10.11+)',
  },
  MYSQL_CONNECTIONS_MAX: { schema: count(1000), fallback: 10, meaning: 'connections of one process' },
  MYSQL_QUERY_TIMEOUT_MS: { schema: ms, fallback: 1500, meaning: 'longest wait for one statement' },
  MYSQL_CONNECT_TIMEOUT_MS: { schema: ms, fallback: 800, meaning: 'longest wait for a connection' },
  MYSQL_LOCK_WAIT_SECONDS: { schema: count(50), fallback: 1, meaning: 'innodb_lock_wait_timeout of our sessions' },
  HOLD_LEASE_MS: { schema: ms, fallback: 5000, meaning: 'a confirm not heard of for this long is recovered' },
  HOLD_GRACE_MS: { schema: ms, fallback: 10_000, meaning: 'time given back to a buyer after a failure of ours' },
  HOLD_GRACE_MAX_MS: { schema: ms, fallback: 60_000, meaning: 'never beyond the original deadline plus this' },
  HOLD_KEYED_MEMORY_MS: {
    schema: ms,
    fallback: 86_400_000,
    meaning: 'how long an ended hold with an Idempotency-Key is remembered',
  },
  HOLD_MEMORY_MS: { schema: ms, fallback: 600_000, meaning: 'how long any other ended hold is remembered' },
  HOLD_BUCKET_MS: { schema: ms, fallback: 250, meaning: 'deadlines within one such bucket share one delayed job' },
  HOLD_SWEEP_EVERY_MS: { schema: ms, fallback: 500, meaning: 'how often every worker sweeps passed deadlines' },
  HOLD_RECOVER_EVERY_MS: { schema: ms, fallback: 500, meaning: 'how often every worker looks for ended leases' },
  HOLD_SLICE_MAX: { schema: count(1000), fallback: 100, meaning: "tickets' worth of work in one expiring script" },
  HOLD_INLINE_EXPIRE_MAX: {
    schema: count(200),
    fallback: 20,
    meaning: 'due holds a reserve expires when none is left',
  },
  BATCH_PLACE_LINES_MAX: { schema: count(1000), fallback: 64, meaning: 'lines of reserves in one script' },
  BATCH_CONFIRM_LINES_MAX: { schema: count(1000), fallback: 64, meaning: 'lines of confirms in one script' },
  BATCH_COMMIT_ORDERS_MAX: {
    schema: count(1000),
    fallback: 200,
    meaning: 'orders in one MySQL transaction, up to 7 kB each of its max_allowed_packet',
  },
  BATCH_COUPONS_MAX: { schema: count(1000), fallback: 128, meaning: 'coupons in one script' },
  SHORTAGE_MEMORY_MS: {
    schema: Joi.number().integer().min(0).max(250),
    fallback: 50,
    meaning:
      'how long a process repeats "sold out" or "all held" for the same lines without asking Redis; 0 always asks',
  },
  DECISIONS_MAX: {
    schema: Joi.number().integer().min(0).max(1_000_000),
    fallback: 10_000,
    meaning: 'entries of the decision log of a sale, each of one call of a script; 0 switches it off',
  },
  CATALOG_EVERY_MS: { schema: ms, fallback: 1000, meaning: 'how often processes reread the list of sales' },
  AUDIT_EVERY_MS: {
    schema: Joi.number().integer().min(0).max(86_400_000),
    fallback: 5000,
    meaning: 'how often Redis and MySQL are compared; 0 leaves that to the endpoint',
  },
  AUDIT_PAUSE_MS: { schema: count(3000), fallback: 1000, meaning: 'what differs is looked at again after this' },
  AUDIT_HOLDS_MAX: {
    schema: count(5000),
    fallback: 2000,
    meaning: 'live holds of a sale that an audit adds up; with more of them `held` is not compared',
  },
  START_WAIT_MS: { schema: ms, fallback: 30_000, meaning: 'how long to wait for Redis and MySQL at start' },
  COUPON_BATCH_MAX: { schema: count(10_000), fallback: 500, meaning: 'coupons written in one transaction' },
  COUPON_TRIES_MAX: { schema: count(100), fallback: 4, meaning: 'tries before a coupon goes to the dead letters' },
  COUPON_BLOCK_MS: { schema: ms, fallback: 1000, meaning: 'longest wait of the consumer for new coupons' },
  COUPON_CLAIM_IDLE_MS: {
    schema: ms,
    fallback: 5000,
    meaning: 'coupons of a silent consumer are taken over after this',
  },
} satisfies Record<string, Setting>;

export type Variable = keyof typeof settings;
export type Values = Record<Variable, unknown>;

/** The whole environment as one schema. */
export const environment = Joi.object<Values>(
  Object.fromEntries(
    Object.entries(settings).map(([name, setting]: [string, Setting]) => [
      name,
      setting.fallback === undefined ? setting.schema : setting.schema.default(setting.fallback),
    ]),
  ),
).unknown(false);

/** Splits a comma-separated list of origins. */
export function origins(list: string): string[] {
  return list.split(',').flatMap((origin) => origin.trim() || []);
}

function requireOrigins(list: string, helpers: Joi.CustomHelpers): unknown {
  const bad = origins(list).some(
    (origin) => origin !== '*' && (!URL.canParse(origin) || new URL(origin).origin !== origin),
  );
  return bad ? helpers.message({ custom: '{{#label}} must list origins such as https://shop.example' }) : list;
}

function requireDatabaseName(url: string, helpers: Joi.CustomHelpers): unknown {
  const named = URL.canParse(url) && /^\/[^/]+$/.test(new URL(url).pathname);
  return named
    ? url
    : helpers.message({ custom: '{{#label}} must name a database: mysql://user:password@host:port/database' });
}

/** The table of the README; a test keeps the two alike. */
export function settingsTable(): string {
  const rows = Object.entries(settings).map(([name, { meaning, ...setting }]) => {
    const fallback = 'fallback' in setting && setting.fallback !== undefined ? `\`${setting.fallback}\`` : '';
    return `| \`${name}\` | ${fallback} | ${meaning} |`;
  });
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
