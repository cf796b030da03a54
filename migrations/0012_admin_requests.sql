-- Idempotency-Key of admin calls. `response` is null only inside the transaction that is doing the work; it is text and
-- not JSON, because MySQL reorders the keys of JSON and a replay must say exactly what the first answer said.
CREATE TABLE admin_requests (
  actor_id VARBINARY(255) NOT NULL,
  idempotency_key VARBINARY(255) NOT NULL,
  request_hash VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  response MEDIUMTEXT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (actor_id, idempotency_key),
  KEY admin_requests_created (created_at_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
