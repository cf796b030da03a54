import Joi from 'joi';
import type { Order } from '../../domain/order.ts';
import { buyerId, id, time } from '../schemas.ts';
import { isoTime } from '../time.ts';
import { exactly, linesView, moneyExample, moneyFields } from './shared.ts';

/** An order as its buyer gets it. */
export function orderView(order: Order) {
  return {
    orderId: order.orderId,
    holdId: order.holdId,
    saleId: order.saleId,
    status: order.status,
    lines: linesView(order.lines),
    totalMinor: order.totalMinor,
    currency: order.currency,
    createdAt: isoTime(order.createdAtMs),
  };
}

/** The same with whose it is. */
export function adminOrderView(order: Order) {
  return { ...orderView(order), buyerId: order.buyerId };
}

const fields = {
  orderId: id(),
  holdId: id(),
  saleId: id(),
  status: Joi.string().valid('confirmed'),
  ...moneyFields(),
  createdAt: time(),
};
export const orderSchema = exactly(fields);
export const adminOrderSchema = exactly({ ...fields, buyerId: buyerId() });

export const orderExample = {
  orderId: 'Zx8Qk2mVtYb1',
  holdId: 'q1Zr8mX0TnS4aVb7Yc2dEw',
  saleId: 'spring-gala',
  status: 'confirmed',
  ...moneyExample,
  createdAt: '2030-06-01T10:02:00.000Z',
};
export const adminOrderExample = { ...orderExample, buyerId: 'alice' };
