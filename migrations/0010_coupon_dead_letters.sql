-- What could not be stored as a coupon, with the reason, for a person to look at. `payload` is text: it may be malformed.
CREATE TABLE coupon_dead_letters (
  entry_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  campaign_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payload MEDIUMTEXT NOT NULL,
  error TEXT NOT NULL,
  tries INT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (campaign_id, entry_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
