/** A reading that many share: at most `maxAgeMs` old, and read again by whoever comes first after that. */
export type Fresh<T> = { get(): Promise<T>; forget(): void };

/** Makes a shared reading. A failed one is not kept: everybody who waited for it gets its error, and the next one reads anew. */
export function createFresh<T>(maxAgeMs: number, read: () => Promise<T>): Fresh<T> {
  let current: { value: Promise<T>; readAtMs: number } | null = null;
  return {
    get() {
      if (current && performance.now() - current.readAtMs < maxAgeMs) return current.value;
      const reading = { value: read(), readAtMs: performance.now() };
      current = reading;
      reading.value.catch(() => {
        if (current === reading) current = null;
      });
      return reading.value;
    },
    forget() {
      current = null;
    },
  };
}
