/** Puts the demo sale on sale, over HTTP as an admin would. Safe to repeat: it says whether it was there already. */
export async function seedDemoSale(input: { baseUrl: string; adminToken: string }): Promise<'created' | 'exists'> {
  const response = await fetch(`${input.baseUrl}/admin/sales`, {
    method: 'POST',
    headers: { authorization: `Bearer ${input.adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      saleId: 'demo',
      title: 'Demo night',
      currency: 'EUR',
      opensAt: new Date().toISOString(),
      holdTtlSeconds: 300,
      buyerTicketsMax: 4,
      ticketTypes: [
        { ticketTypeId: 'vip', name: 'VIP', priceMinor: 25_000, capacity: 100 },
        { ticketTypeId: 'standard', name: 'Standard', priceMinor: 7_500, capacity: 1000 },
      ],
    }),
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status === 201) return 'created';
  if (response.status === 409) return 'exists';
  throw new Error(`the demo sale was answered with ${response.status}: ${await response.text()}`);
}
