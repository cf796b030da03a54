import { Histogram, type Registry } from 'prom-client';

/** Counts one answer of a route: its status and how long it took. */
export type Observe = (method: string, route: string) => (status: number, durationMs: number) => void;

const NAME = 'onsale_http_request_duration_seconds';
const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5];

/** The HTTP histogram. Its labels are patterns of routes, never paths, so their number is bounded. */
export function createObserve(registry: Registry): Observe {
  const existing = registry.getSingleMetric(NAME) as Histogram<'method' | 'route' | 'status'> | undefined;
  const histogram =
    existing ??
    new Histogram({
      name: NAME,
      help: 'Time from the first byte of the handler to its answer.',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: BUCKETS_SECONDS,
      registers: [registry],
    });
  return (method, route) => {
    const children = new Map<number, Histogram.Internal<'method' | 'route' | 'status'>>();
    return (status, durationMs) => {
      let child = children.get(status);
      if (child === undefined) {
        child = histogram.labels({ method, route, status });
        children.set(status, child);
      }
      child.observe(durationMs / 1000);
    };
  };
}
