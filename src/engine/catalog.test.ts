import * as assert from 'uvu/assert';
import { UnavailableError } from '../domain/errors.ts';
import { closeMysql, connectMysql } from '../mysql/connection.ts';
import { openSale, openTestEngine } from '../testing/engine.ts';
import { openProxy } from '../testing/proxy.ts';
import { suite } from '../testing/suite.ts';
import { failureOf, until } from '../testing/until.ts';
import { createCatalog } from './catalog.ts';

const test = suite('what a process remembers of the sales');
const main = await openTestEngine();
const proxy = await openProxy(main.databaseUrl);
const mysql = connectMysql({ ...main.config.mysql, url: proxy.url });
test.after(async () => {
  await closeMysql(mysql);
  await proxy.close();
  await main.close();
});

test('who reads a sale while this process forgets it gets what was read, and no error', async () => {
  const saleId = await openSale(main.engine, 5);
  const catalog = createCatalog(mysql, 10);

  const reading = [catalog.find(saleId), catalog.find(saleId)];
  const listing = catalog.unsettled();
  catalog.forget(saleId);
  const [first, second] = await Promise.all(reading);
  const list = await listing;

  assert.is(first?.saleId, saleId);
  assert.is(second?.saleId, saleId);
  assert.ok(list.some((sale) => sale.saleId === saleId));
});

test('while MySQL is away the last list of sales still serves, and a new one is read when it is back', async () => {
  const saleId = await openSale(main.engine, 5);
  const catalog = createCatalog(mysql, 10);
  await catalog.unsettled();

  proxy.down();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const old = await catalog.unsettled();
  const another = await openSale(main.engine, 5);
  proxy.up();
  await until('the new sale is listed', async () =>
    (await catalog.unsettled()).some((sale) => sale.saleId === another),
  );

  assert.ok(old.some((sale) => sale.saleId === saleId));
});

test('a process that has never seen MySQL does not say that there are no sales', async () => {
  const catalog = createCatalog(mysql, 10);
  proxy.down();

  const errors = [await failureOf(() => catalog.unsettled()), await failureOf(() => catalog.find('a-sale'))];
  proxy.up();

  for (const error of errors) assert.instance(error, UnavailableError);
});
