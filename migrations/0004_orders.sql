-- `id` is a UUID version 7, so that its order is the order of time. `buyer_id` is opaque bytes: a default collation
-- would make 'Alice' and 'alice' one buyer.
CREATE TABLE orders (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  hold_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sale_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  buyer_id VARBINARY(255) NOT NULL,
  total_minor BIGINT NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY orders_hold (hold_id),
  KEY orders_buyer (buyer_id, id),
  KEY orders_sale (sale_id, id),
  KEY orders_sale_buyer (sale_id, buyer_id),
  CONSTRAINT orders_total CHECK (total_minor >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
