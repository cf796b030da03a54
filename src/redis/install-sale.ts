import { decisionsKey, saleKeys } from './keys.ts';
import { defineScript, unknownWord } from './script.ts';

/** Puts a staged rebuild in place; `moved` means start over. A repeat answers `moved`. */
export const installSale = defineScript<
  { saleId: string; staged: string[]; oldEpoch: number | null; newEpoch: number },
  'moved' | 'installed'
>('install-sale', {
  encode: ({ saleId, staged, oldEpoch, newEpoch }, redis, runId) => ({
    keys: [...saleKeys(redis.keyPrefix, saleId), ...staged, decisionsKey(redis.keyPrefix, saleId)],
    args: [runId, oldEpoch ?? '', newEpoch],
  }),
  decode: ([word]) => {
    switch (word) {
      case 'moved':
      case 'installed':
        return word;
      default:
        return unknownWord('install-sale', word);
    }
  },
});
