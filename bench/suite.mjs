import { prepare } from '../scripts/prepare.mjs';

await prepare();
const { main } = await import('./suite.ts');
await main(process.argv.slice(2), process.env);
