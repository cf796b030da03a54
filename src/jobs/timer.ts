export type TimerInput<Item> = {
  everyMs: number;
  list: () => Promise<Item[]>;
  run: (item: Item) => Promise<unknown>;
  onError: (error: unknown) => void;
};

/** How many items of one round are worked on at a time. */
const CONCURRENCY = 8;

/**
 * Runs `run` for every listed item, again and again. A round begins `everyMs` after the last one began, or at once when that
 * one took longer; an item that fails does not keep the others waiting. `stop` waits for the round under way.
 */
export function startTimer<Item>(input: TimerInput<Item>): { stop(): Promise<void> } {
  let stopped = false;
  let wake: () => void = () => undefined;
  const loop = async () => {
    while (!stopped) {
      const startedAt = performance.now();
      await round(input, () => stopped);
      const pauseMs = input.everyMs - (performance.now() - startedAt);
      if (stopped || pauseMs <= 0) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const running = loop();
  return {
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}

async function round<Item>({ list, run, onError }: TimerInput<Item>, isStopped: () => boolean): Promise<void> {
  try {
    const items = (await list()).values();
    const lane = async () => {
      for (const item of items) {
        if (isStopped()) return;
        await run(item).catch(onError);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  } catch (error) {
    onError(error);
  }
}
