/** The two stores; everything else about them is found out at start. */
export type StoreName = 'redis' | 'mysql';

/** A store that answers. `from` tells people where it came from; `close` ends what was started for it, if anything. */
export type OpenStore = { name: StoreName; url: string; from: string; close(): Promise<void> };

/** Tells the person at the terminal what is being done. */
export type Say = (line: string) => void;
