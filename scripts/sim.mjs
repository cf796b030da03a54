import { prepare } from './prepare.mjs';

await prepare();
const { main } = await import('../src/simulation/main.ts');
await main(process.argv.slice(2));
