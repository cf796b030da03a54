import { Socket } from 'node:net';

/** Runs a step and throws when it takes longer; the step itself cannot be stopped, so its leftovers show up as leaks. */
export async function withTimeout(step: () => Promise<void> | void, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([Promise.resolve().then(step), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Names what keeps the process alive, counted by kind, with the far ends of sockets: they tell Redis from MySQL. */
export function describeHandles(): string {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const kinds = [...counts].map(([kind, count]) => `${count} × ${kind}`).join(', ');

  const handles = (process as { _getActiveHandles?: () => unknown[] })._getActiveHandles?.() ?? [];
  const remotes = handles.flatMap((handle) =>
    handle instanceof Socket && handle.remotePort ? [`${handle.remoteAddress}:${handle.remotePort}`] : [],
  );
  return remotes.length > 0 ? `${kinds} (connected to ${remotes.join(', ')})` : kinds;
}
