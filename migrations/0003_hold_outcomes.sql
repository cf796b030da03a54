-- The judge: the first row written for a hold decides about it for ever. No foreign keys, here and in the tables of an
-- order: their shared lock on the hot ticket type deadlocks with the stock update at the end of the same transaction.
CREATE TABLE hold_outcomes (
  hold_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sale_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  outcome VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  order_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (hold_id),
  KEY hold_outcomes_sale (sale_id, hold_id),
  CONSTRAINT hold_outcomes_word CHECK (
    (outcome = 'sold' AND order_id IS NOT NULL) OR (outcome = 'void' AND order_id IS NULL)
  )
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
