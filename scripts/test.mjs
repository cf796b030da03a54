import { prepare } from './prepare.mjs';

await prepare();
const { runTests } = await import('./test.ts');
await runTests(process.argv.slice(2), process.env);
