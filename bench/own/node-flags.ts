import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../scripts/local.ts';

const { scripts } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
  scripts: { server: string };
};

/** What `npm run server` tells Node, so that what a bench starts, the baselines included, runs as in production. */
export const nodeFlags: readonly string[] = scripts.server.split(' ').filter((word) => word.startsWith('--'));
assert.ok(nodeFlags.length > 0, 'npm run server gives Node no flags, so they have moved');
