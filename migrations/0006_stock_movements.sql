-- The ledger, only ever appended to: per ticket type the quantities add up to capacity - sold. `reference` is the order
-- of a sale, or the operation that changed the capacity.
CREATE TABLE stock_movements (
  id BIGINT NOT NULL AUTO_INCREMENT,
  sale_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ticket_type_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  quantity INT NOT NULL,
  reference VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY stock_movements_once (reference, ticket_type_id, kind),
  KEY stock_movements_type (sale_id, ticket_type_id),
  CONSTRAINT stock_movements_sign CHECK ((kind = 'sale' AND quantity < 0) OR kind = 'capacity')
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
