import type { Case } from './case.ts';
import { confirm } from './confirm.ts';
import { coupon } from './coupon.ts';
import { echo } from './echo.ts';
import { expiry } from './expiry.ts';
import { idle } from './idle.ts';
import { latency } from './latency.ts';
import { liveHolds } from './live-holds.ts';
import { mixed } from './mixed.ts';
import { purchase } from './purchase.ts';
import { reserve } from './reserve.ts';
import { soldOut } from './sold-out.ts';
import { stampede } from './stampede.ts';

/** In the order in which they run. */
export const cases: readonly Case[] = [
  ...[echo, reserve, soldOut, confirm, purchase, coupon, stampede, mixed],
  ...[expiry, liveHolds, idle, latency],
];
