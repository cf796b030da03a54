CREATE TABLE coupons (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  campaign_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  buyer_id VARBINARY(255) NOT NULL,
  issued_at_ms BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY coupons_once (campaign_id, buyer_id),
  KEY coupons_campaign (campaign_id, id),
  KEY coupons_buyer (buyer_id, issued_at_ms, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
