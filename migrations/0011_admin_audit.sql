CREATE TABLE admin_audit (
  id BIGINT NOT NULL AUTO_INCREMENT,
  actor_id VARBINARY(255) NOT NULL,
  action VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sale_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  reason VARCHAR(1000) NULL,
  before_json JSON NOT NULL,
  after_json JSON NOT NULL,
  request_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (id),
  KEY admin_audit_sale (sale_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
