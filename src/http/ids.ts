import { createHash, randomUUID } from 'node:crypto';

type Asking = { actorId: string; idempotencyKey: string | undefined };

/**
 * An id for what a caller left unnamed: random, or with an Idempotency-Key the same for the same caller and key, so that
 * a repeat of the request is the same request all the way down.
 */
export function newId(noun: string, { actorId, idempotencyKey }: Asking): string {
  if (idempotencyKey === undefined) return randomUUID();
  const seed = JSON.stringify([noun, actorId, idempotencyKey]);
  return createHash('sha256').update(seed).digest('hex').slice(0, 32);
}

const SLUG_LENGTH_MAX = 40;

/** Names every item without an id after its name, distinct from all others; the same items give the same ids. */
export function distinctIds(items: readonly { id?: string | undefined; name: string }[]): string[] {
  const taken = new Set(items.flatMap(({ id }) => (id === undefined ? [] : [id])));
  return items.map(({ id, name }) => {
    if (id !== undefined) return id;
    const slug = slugOf(name);
    let candidate = slug;
    for (let suffix = 2; taken.has(candidate); suffix += 1) candidate = `${slug}-${suffix}`;
    taken.add(candidate);
    return candidate;
  });
}

function slugOf(name: string): string {
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  return words?.join('-').slice(0, SLUG_LENGTH_MAX) ?? 'ticket';
}
