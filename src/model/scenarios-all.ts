import { type Scenario, ticketScenario } from './scenarios.ts';
import { admin } from './scenarios-admin.ts';
import { couponScenarios } from './scenarios-coupons.ts';
import { holds } from './scenarios-holds.ts';
import { losses } from './scenarios-losses.ts';

export const allScenarios: readonly Scenario[] = [
  ...[...holds, ...losses, ...admin].map(ticketScenario),
  ...couponScenarios,
];
