import { posix } from 'node:path';
import { isTestCode } from './files.ts';

/** Who may import whom inside src, besides itself. `main` stands for the files directly in src that join everything. */
const mayImport: Record<string, string[]> = {
  domain: [],
  redis: ['domain'],
  mysql: ['domain'],
  queue: ['domain'],
  engine: ['domain', 'redis', 'mysql', 'queue', 'config', 'log'],
  http: ['domain', 'engine', 'config', 'log'],
  jobs: ['domain', 'engine', 'queue', 'config', 'log'],
  pages: ['domain'],
  model: [],
  log: [],
  config: ['settings'],
  settings: [],
  main: ['engine', 'http', 'jobs', 'config', 'log', 'queue', 'domain', 'pages'],
};

/** Packages that only some folders may know; what is not named here may be used anywhere. */
const packages: { pattern: RegExp; allowed: string[] }[] = [
  { pattern: /^ioredis$/, allowed: ['redis', 'queue', 'bench'] },
  { pattern: /^bullmq$/, allowed: ['queue', 'jobs', 'bench'] },
  { pattern: /^kysely$/, allowed: ['mysql'] },
  { pattern: /^mysql2/, allowed: ['mysql', 'scripts', 'bench'] },
  { pattern: /^@?hono\b/, allowed: ['http', 'pages', 'bench'] },
  { pattern: /^joi$/, allowed: ['http', 'settings', 'bench'] },
];

const domainMayNot = /^(node:|[a-z@])/;

/** Names every import that the house does not allow. Tests may combine what the code may not. */
export function importProblems(file: string, text: string): string[] {
  if (!/\.(ts|mjs)$/.test(file) || isTestCode(file)) return [];
  const from = placeOf(file);
  return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].flatMap(([, target = '']) => {
    const problem = target.startsWith('.') ? localProblem(file, from, target) : packageProblem(from, target);
    return problem ? [`${file}: ${problem}`] : [];
  });
}

function localProblem(file: string, from: string, target: string): string | null {
  const path = posix.join(posix.dirname(file), target);
  const to = placeOf(path);
  if (!file.startsWith('src/')) return null;
  if (!path.startsWith('src/')) return `src may not import ${path}`;
  if (path.startsWith('src/testing/')) return 'only tests may import src/testing';
  const allowed = mayImport[from];
  if (!allowed) return `add ${from} to the table in scripts/tidy/imports.ts`;
  return to === from || allowed.includes(to) ? null : `${from} may not import ${to} (${path})`;
}

function packageProblem(from: string, target: string): string | null {
  if (from === 'domain' && domainMayNot.test(target)) return `the domain imports nothing, not ${target}`;
  const rule = packages.find(({ pattern }) => pattern.test(target));
  return rule && !rule.allowed.includes(from) ? `${from} may not import ${target}` : null;
}

/** `src/http/auth/x.ts` is in `http`; `src/config.ts` is `config`; other files directly in src are `main`. */
function placeOf(file: string): string {
  const [top = '', folder = '', ...rest] = file.split('/');
  if (top !== 'src') return top;
  if (rest.length > 0) return folder;
  const name = folder.replace(/\.ts$/, '');
  return name in mayImport ? name : 'main';
}
