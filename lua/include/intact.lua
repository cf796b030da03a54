-- The epoch of the sale as a string, or nil when the sale is lost: a key is gone, its epoch differs, or the sale was
-- installed under another run of the Redis server, whose last second may be forgotten.
local function epoch_if_intact(run)
  local sale = redis.call('HMGET', KEYS[1], 'epoch', 'run')
  local epoch = sale[1]
  if not epoch or sale[2] ~= run then
    return nil
  end
  if redis.call('HGET', KEYS[2], '#') ~= epoch or redis.call('HGET', KEYS[5], '') ~= epoch then
    return nil
  end
  local score = '-' .. epoch
  if redis.call('ZSCORE', KEYS[3], '#') ~= score or redis.call('ZSCORE', KEYS[4], '#') ~= score then
    return nil
  end
  return epoch
end
