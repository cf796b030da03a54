// One process of the load by autocannon, which measures differently in a thread. Plain JavaScript, so that it starts at once.
import autocannon from 'autocannon';

const timeoutSeconds = 10;

process.once('message', (plan) => {
  const requests = plan.requests.map(toAutocannon);
  process.once('message', () => fire(plan, requests));
  process.send('ready');
});

function toAutocannon({ method, path, token, body }) {
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  return { method, path, headers, body };
}

function fire({ baseUrl, connections, seconds }, requests) {
  const share = Math.floor(requests.length / connections);
  // As autocannon shares out an amount: what is left over goes to the first connections, one each.
  const from = (connection) => connection * share + Math.min(connection, requests.length % connections);
  const startedMs = performance.now();
  let client = 0;
  let stopped = false;
  const cannon = autocannon(
    {
      url: baseUrl,
      connections,
      // Each connection ends after its share, so nothing is sent twice.
      amount: requests.length,
      timeout: timeoutSeconds,
      sampleInt: 100,
      setupClient: (each) => {
        each.setRequests(requests.slice(from(client), from(client + 1)));
        client += 1;
      },
    },
    (error, result) => {
      clearTimeout(timer);
      if (error) throw error;
      process.send(partOf(result, (performance.now() - startedMs) / 1000, stopped), () => process.exit(0));
    },
  );
  const timer = setTimeout(() => {
    stopped = true;
    cannon.stop();
  }, seconds * 1000);
}

function partOf(result, took, isStopped) {
  return {
    answers: result['2xx'] + result['3xx'] + result['4xx'] + result['5xx'],
    refused: result['4xx'] + result['5xx'],
    errors: result.errors + result.timeouts,
    seconds: took,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    stopped: isStopped,
  };
}
