-- Times are Unix milliseconds. `settled_at_ms` is null while Redis may still hold something of the sale.
CREATE TABLE sales (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  title VARCHAR(255) NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  opens_at_ms BIGINT NOT NULL,
  closes_at_ms BIGINT NULL,
  hold_ttl_ms BIGINT NOT NULL,
  buyer_tickets_max INT NOT NULL,
  order_tickets_max INT NULL,
  paused BOOLEAN NOT NULL DEFAULT FALSE,
  closed_at_ms BIGINT NULL,
  settled_at_ms BIGINT NULL,
  epoch BIGINT NOT NULL,
  version BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (id),
  KEY sales_created (created_at_ms, id),
  KEY sales_settled (settled_at_ms),
  CONSTRAINT sales_window CHECK (closes_at_ms IS NULL OR closes_at_ms > opens_at_ms),
  CONSTRAINT sales_limits CHECK (
    hold_ttl_ms > 0 AND buyer_tickets_max > 0 AND (order_tickets_max IS NULL OR order_tickets_max > 0)
  ),
  CONSTRAINT sales_fences CHECK (epoch > 0 AND version > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
