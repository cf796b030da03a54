import { prepare } from './prepare.mjs';

await prepare();
const { start } = await import('./start.ts');
await start(process.env);
