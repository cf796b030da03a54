CREATE TABLE coupon_campaigns (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  title VARCHAR(255) NOT NULL,
  quantity INT NOT NULL,
  opens_at_ms BIGINT NOT NULL,
  closes_at_ms BIGINT NULL,
  discount_kind VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  discount_value BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  version BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (id),
  KEY coupon_campaigns_created (created_at_ms, id),
  CONSTRAINT coupon_campaigns_window CHECK (closes_at_ms IS NULL OR closes_at_ms > opens_at_ms),
  CONSTRAINT coupon_campaigns_quantity CHECK (quantity >= 0),
  CONSTRAINT coupon_campaigns_discount CHECK (
    (discount_kind = 'amount' AND discount_value > 0)
    OR (discount_kind = 'percent' AND discount_value BETWEEN 1 AND 100)
  ),
  CONSTRAINT coupon_campaigns_fences CHECK (epoch > 0 AND version > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
