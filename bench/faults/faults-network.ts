import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, over } from './fault.ts';
import type { CommitHarm, Way } from './network.ts';

const stores = ['redis', 'mysql'] as const;
const ways: readonly Way[] = ['asking', 'answering'];
const commitHarms: readonly CommitHarm[] = ['answer-cut', 'store-gone', 'never-sent', 'sent-late'];

const latency: Fault = {
  name: 'latency',
  what: 'one store is 20 to 200 ms farther away for a while',
  mayLose: false,
  plan(random) {
    const store = random.pick(stores);
    const ms = random.whole(20, 200);
    const lastsMs = random.whole(1000, 2500);
    return {
      text: `latency to ${store}, ${ms} ms, for ${lastsMs} ms`,
      parts: [`${store} network`],
      async inflict({ networks }) {
        networks[store].delay({ asking: ms / 2, answering: ms / 2 });
        try {
          await sleep(lastsMs);
        } finally {
          networks[store].delay({ asking: 0, answering: 0 });
        }
        return over(1);
      },
    };
  },
};

const packetCut: Fault = {
  name: 'packet-cut',
  what: 'bytes to or from a store vanish for a while, then its connections are reset',
  mayLose: false,
  plan(random) {
    const store = random.pick(stores);
    const way = random.pick(ways);
    const lastsMs = random.whole(300, 2200);
    return {
      text: `packet-cut ${way} ${store}, for ${lastsMs} ms`,
      parts: [`${store} network`],
      async inflict({ networks }) {
        networks[store].blackHole(way);
        try {
          await sleep(lastsMs);
        } finally {
          networks[store].blackHole(null);
        }
        return over(1);
      },
    };
  },
};

const cutConnections: Fault = {
  name: 'cut-connections',
  what: 'all connections to a store are cut, again and again',
  mayLose: false,
  plan(random) {
    const store = random.pick(stores);
    const pausesMs = Array.from({ length: random.whole(2, 8) }, () => random.whole(30, 400));
    return {
      text: `cut-connections to ${store}, ${pausesMs.length} times`,
      parts: [`${store} network`],
      async inflict({ networks }) {
        for (const pauseMs of pausesMs) {
          networks[store].cut();
          await sleep(pauseMs);
        }
        return over(pausesMs.length);
      },
    };
  },
};

const cutInCommit: Fault = {
  name: 'cut-in-commit',
  what: 'connections are cut in mid-COMMIT: before it is sent or answered, or MySQL is gone then, or it arrives late',
  mayLose: false,
  plan(random) {
    const how = random.pick(commitHarms);
    const lateMs = random.whole(1600, 3000);
    const lastsMs = random.whole(500, 2000);
    return {
      text: `cut-in-commit, ${how}${how === 'sent-late' ? ` by ${lateMs} ms` : ''}, for ${lastsMs} ms`,
      parts: ['mysql network'],
      async inflict({ networks: { mysql } }) {
        const before = mysql.harmedCommits();
        mysql.harmCommits({ how, lateMs });
        try {
          await sleep(lastsMs);
        } finally {
          mysql.harmCommits(null);
        }
        const harm = over(mysql.harmedCommits() - before);
        // The last one still on its way arrives before anybody judges the end.
        if (how === 'sent-late') await sleep(lateMs);
        return harm;
      },
    };
  },
};

/** Faults of the network between the engine and its stores. */
export const networkFaults: readonly Fault[] = [latency, packetCut, cutConnections, cutInCommit];
