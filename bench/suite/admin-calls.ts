/** Answers of a route since the server was started, by status. */
export type Answers = Record<string, number>;

/** Calls of an admin, and of who watches the service. */
export type AdminCalls = ReturnType<typeof createAdminCalls>;

const timeoutMs = 20_000;

/** What the burst's admin does not need. Throws what the engine said when it was not the expected answer. */
export function createAdminCalls(input: { baseUrl: string; token: string; metricsToken: string }) {
  const { baseUrl, token } = input;
  async function call(method: 'POST' | 'PATCH', path: string, body: unknown): Promise<void> {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  }
  return {
    addTickets: (saleId: string, delta: number) =>
      call('POST', `/admin/sales/${saleId}/ticket-types/standard/capacity`, {
        delta,
        reason: 'more than one call takes',
      }),
    setHoldTtl: (saleId: string, holdTtlSeconds: number) => call('PATCH', `/admin/sales/${saleId}`, { holdTtlSeconds }),
    createCampaign: (campaignId: string, quantity: number) =>
      call('POST', '/admin/coupon-campaigns', {
        ...{ campaignId, title: 'Bench', quantity, opensAt: new Date(Date.now() - 1000).toISOString() },
        discount: { kind: 'percent', value: 10 },
      }),
    /** What the server itself counted: unlike the client, it also knows what was on its way when the load ended. */
    async answersOf(route: string): Promise<Answers> {
      const response = await fetch(`${baseUrl}/metrics`, {
        headers: { authorization: `Bearer ${input.metricsToken}` },
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
      return answersIn(await response.text(), route);
    },
  };
}

/** Reads the counts of one route out of the text format of Prometheus. */
export function answersIn(text: string, route: string): Answers {
  const answers: Answers = {};
  for (const [, labels = '', count = ''] of text.matchAll(
    /^onsale_http_request_duration_seconds_count\{([^}]*)\} (\S+)$/gm,
  )) {
    const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1];
    const status = label('status');
    if (label('route') === route && status !== undefined) answers[status] = (answers[status] ?? 0) + Number(count);
  }
  return answers;
}

/** What was answered between two readings. */
export function answersBetween(before: Answers, after: Answers): Answers {
  const differences = Object.entries(after).map(([status, count]) => [status, count - (before[status] ?? 0)] as const);
  return Object.fromEntries(differences.filter(([, count]) => count > 0));
}
