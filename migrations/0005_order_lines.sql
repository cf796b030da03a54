CREATE TABLE order_lines (
  order_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ticket_type_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  quantity INT NOT NULL,
  price_minor BIGINT NOT NULL,
  PRIMARY KEY (order_id, ticket_type_id),
  CONSTRAINT order_lines_amounts CHECK (quantity > 0 AND price_minor >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
