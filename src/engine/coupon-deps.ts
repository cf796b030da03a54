import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import type { Mysql } from '../mysql/connection.ts';
import type { Redis } from '../redis/connection.ts';

/** What the coupon half of the engine works with; the engine's context has all of it. */
export type CouponDeps = { config: Config; log: Log; redis: Redis; mysql: Mysql };
