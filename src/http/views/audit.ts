import Joi from 'joi';
import type { AuditEntry, Health } from '../../domain/audit.ts';
import { time } from '../schemas.ts';
import { isoTime } from '../time.ts';
import { exactly } from './shared.ts';

/** One row of the audit. */
export function auditView(entry: AuditEntry) {
  return {
    auditId: entry.auditId,
    actorId: entry.actorId,
    action: entry.action,
    saleId: entry.saleId,
    reason: entry.reason,
    before: entry.before ?? null,
    after: entry.after ?? null,
    requestId: entry.requestId,
    createdAt: isoTime(entry.createdAtMs),
  };
}

export const auditSchema = exactly({
  auditId: Joi.string(),
  actorId: Joi.string(),
  action: Joi.string(),
  saleId: Joi.string().allow(null),
  reason: Joi.string().allow(null),
  before: Joi.any().description('What it was, in the shape of the action; null where there was nothing.'),
  after: Joi.any().description('What it became.'),
  requestId: Joi.string(),
  createdAt: time(),
});

export const auditExample = {
  auditId: '42',
  actorId: 'ops-1',
  action: 'capacity',
  saleId: 'spring-gala',
  reason: 'Ten seats freed by the promoter.',
  before: { capacity: 100 },
  after: { capacity: 110 },
  requestId: 'req-1',
  createdAt: '2030-06-01T10:03:00.000Z',
};

const store = () =>
  exactly({
    status: Joi.string().valid('up', 'down'),
    latencyMs: Joi.number().min(0).allow(null),
    version: Joi.string().allow(null),
    error: Joi.string().allow(null),
  });

export const healthSchema = exactly({ status: Joi.string().valid('ok', 'degraded'), redis: store(), mysql: store() });

const up = { status: 'up', latencyMs: 0.4, version: '7.2.4', error: null } as const;
export const healthExample: Health = { status: 'ok', redis: up, mysql: { ...up, version: '8.4.3' } };
export const degradedExample: Health = {
  status: 'degraded',
  redis: up,
  mysql: { status: 'down', latencyMs: null, version: null, error: 'connect ECONNREFUSED' },
};
