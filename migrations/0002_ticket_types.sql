-- `sold` and `epoch` are the guard of every commit: the last statement of a confirm counts here or writes nothing.
-- Signed numbers, because `capacity + delta` on unsigned ones is an error where it should be a refusal.
CREATE TABLE ticket_types (
  sale_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  position INT NOT NULL,
  name VARCHAR(255) NOT NULL,
  price_minor BIGINT NOT NULL,
  capacity INT NOT NULL,
  sold INT NOT NULL DEFAULT 0,
  epoch BIGINT NOT NULL,
  PRIMARY KEY (sale_id, id),
  CONSTRAINT ticket_types_price CHECK (price_minor >= 0),
  CONSTRAINT ticket_types_stock CHECK (sold >= 0 AND sold <= capacity)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
