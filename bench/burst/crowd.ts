import { createHash } from 'node:crypto';
import { signToken } from '../../scripts/sign-token.ts';

/** What access tokens have to be signed with. */
export type TokenSettings = { secret: string; issuer: string | null; audience: string | null };

/** Tokens outlive the longest burst and what is read after it. */
const tokenTtlSeconds = 3 * 3600;

/** The credentials of so many distinct buyers, signed before the clock starts. The same seed gives the same buyers. */
export function signCrowd(settings: TokenSettings, { buyers, seed }: { buyers: number; seed: number }): string[] {
  return Array.from({ length: buyers }, (_, buyer) =>
    signToken({ ...settings, sub: buyerIdOf(seed, buyer), ttlSeconds: tokenTtlSeconds }),
  );
}

/** An admin's token, for making the sale and reading the books. */
export function signAdmin(settings: TokenSettings): string {
  return signToken({ ...settings, sub: 'burst-admin', scope: 'admin', ttlSeconds: tokenTtlSeconds });
}

export function buyerIdOf(seed: number, buyer: number): string {
  return `burst-${seed}-${buyer}`;
}

/** Whether this buyer would pay; it depends on nothing but the seed and the buyer, in whatever order they win. */
export function pays(input: { seed: number; buyer: number; share: number }): boolean {
  const digest = createHash('sha256').update(buyerIdOf(input.seed, input.buyer)).digest();
  return digest.readUInt32BE(0) / 2 ** 32 < input.share;
}
