-- Written in the transaction of what they tell, delivered later. The order of ids is not the order of commits.
CREATE TABLE outbox_events (
  id BIGINT NOT NULL AUTO_INCREMENT,
  event_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  type VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  subject VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payload JSON NOT NULL,
  created_at_ms BIGINT NOT NULL,
  published_at_ms BIGINT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY outbox_events_event (event_id),
  KEY outbox_events_unpublished (published_at_ms, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
