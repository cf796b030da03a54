import { openApiDocument } from '../openapi.ts';
import type { Route } from '../route.ts';
import { adminDecisionRoutes } from './admin-decisions.ts';
import { adminHoldRoutes } from './admin-holds.ts';
import { adminSaleRoutes } from './admin-sales.ts';
import { adminStockRoutes } from './admin-stock.ts';
import { couponRoutes } from './coupons.ts';
import { documentRoutes } from './documents.ts';
import { type IsReady, type MetricsOptions, operationRoutes } from './operations.ts';
import { orderRoutes } from './orders.ts';
import { purchaseRoutes } from './purchase.ts';
import { saleRoutes } from './sales.ts';

/** Every route there is. Registration, 405 and the OpenAPI document are all made from this one list. */
export function catalogue(options: { isReady: IsReady; metrics: MetricsOptions }): readonly Route[] {
  const routes: Route[] = [
    ...saleRoutes,
    ...purchaseRoutes,
    ...orderRoutes,
    ...couponRoutes,
    ...adminSaleRoutes,
    ...adminStockRoutes,
    ...adminHoldRoutes,
    ...adminDecisionRoutes,
    ...operationRoutes(options),
    ...documentRoutes(() => openApiDocument(routes)),
  ];
  return routes;
}
