export type Close = () => Promise<void> | void;

/** Closes what was opened, the last first, each although another one failed, and exits; with 1 when any of them failed. */
export async function closeAll(closers: Close[], exitCode: number): Promise<never> {
  let code = exitCode;
  for (let next = closers.pop(); next; next = closers.pop()) {
    if (!(await closeOne(next))) code = 1;
  }
  return process.exit(code);
}

/** Closes, prints what went wrong, and says whether nothing did. */
export async function closeOne(close: Close): Promise<boolean> {
  try {
    await close();
    return true;
  } catch (error) {
    console.error(error);
    return false;
  }
}

/** Like `close`, but fails when it takes longer; what it waits for goes on by itself. */
export function inTime(close: Close, limitMs: number): Close {
  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not closed within ${limitMs / 1000} s`)), limitMs);
    });
    await Promise.race([Promise.resolve().then(close), late]).finally(() => clearTimeout(timer));
  };
}
