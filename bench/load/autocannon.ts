import autocannon from 'autocannon';
import type { Fired, Plan, Request } from './request.ts';

const timeoutSeconds = 10;

/** A closed loop by autocannon, each connection with a share of the requests of its own, every request once. */
export async function byAutocannon(plan: Plan): Promise<{ fire: () => Promise<Fired> }> {
  const connections = Math.min(plan.connections, plan.requests.length);
  const share = Math.floor(plan.requests.length / connections);
  const requests = plan.requests.map(toAutocannon);
  return { fire: () => shoot({ ...plan, connections, share }, requests) };
}

function shoot(plan: Plan & { share: number }, requests: autocannon.Request[]): Promise<Fired> {
  const { connections, share, seconds } = plan;
  let client = 0;
  let stopped = false;
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const cannon = autocannon(
      {
        url: plan.baseUrl,
        connections,
        // Each connection ends after its share, so nothing is sent twice.
        amount: connections * share,
        timeout: timeoutSeconds,
        sampleInt: 100,
        setupClient: (each) => {
          each.setRequests(requests.slice(client * share, (client + 1) * share));
          client += 1;
        },
      },
      (error, result) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve(read(result, { seconds: (performance.now() - startedMs) / 1000, ranOut: !stopped }));
      },
    );
    const timer = setTimeout(() => {
      stopped = true;
      cannon.stop();
    }, seconds * 1000);
  });
}

function read(result: autocannon.Result, over: { seconds: number; ranOut: boolean }): Fired {
  return {
    ...over,
    answers: result['1xx'] + result['2xx'] + result['3xx'] + result['4xx'] + result['5xx'],
    refused: result['4xx'] + result['5xx'],
    errors: result.errors + result.timeouts,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  };
}

function toAutocannon({ method, path, token, body }: Request): autocannon.Request {
  return {
    method,
    path,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  };
}
