import type { CaseResult } from '../suite/result.ts';
import type { Scene } from '../suite/scene.ts';

/** One experiment. It gets processes and stores of its own, and says what it saw; whether that is fast enough is judged elsewhere. */
export type Case = { name: string; question: string; run(scene: Scene): Promise<CaseResult> };
