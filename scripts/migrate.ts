import { loadStoreUrls } from '../src/config.ts';
import { migrateToLatest } from '../src/mysql/migrate.ts';

const { mysql } = loadStoreUrls();
if (mysql === null) {
  console.error('DATABASE_URL is not set: mysql://user:password@host:port/database');
  process.exit(1);
}
const { applied } = await migrateToLatest(mysql);
console.log(applied.length > 0 ? `applied ${applied.join(', ')}` : 'the database is up to date');
