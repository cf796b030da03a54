import { type Answer, type Line, openLine } from './line.ts';
import type { Request } from './request.ts';

/**
 * A closed loop that reads what it is answered: `work` is called on every connection until it says that nothing is left.
 * Rejects with the first connection that is lost.
 */
export async function withLines(
  { baseUrl, connections }: { baseUrl: string; connections: number },
  work: (line: Line) => Promise<boolean>,
): Promise<{ seconds: number }> {
  const lines = await Promise.all(Array.from({ length: connections }, () => openLine(baseUrl)));
  const startedMs = performance.now();
  try {
    await Promise.all(
      lines.map(async (line) => {
        while (await work(line));
      }),
    );
    return { seconds: (performance.now() - startedMs) / 1000 };
  } finally {
    for (const line of lines) line.close();
  }
}

/** Sends each request once and returns the answers in the order of the requests. */
export async function askAll(
  target: { baseUrl: string; connections: number },
  requests: readonly Request[],
): Promise<Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  await withLines(target, async (line) => {
    const at = next++;
    const request = requests[at];
    if (!request) return false;
    answers[at] = await line.ask(request);
    return true;
  });
  return answers;
}
