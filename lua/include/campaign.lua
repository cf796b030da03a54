-- What the campaign allows, or nil when it is lost: a key is gone, its epoch differs, or the campaign was installed under
-- another run of the Redis server, whose last second may be forgotten.
local function read_campaign(run)
  local fields = redis.call('HMGET', KEYS[1], 'epoch', 'run', 'quantity', 'opensAtMs', 'closesAtMs')
  local epoch = fields[1]
  if not epoch or fields[2] ~= run then
    return nil
  end
  if redis.call('HGET', KEYS[2], '') ~= epoch or redis.call('EXISTS', KEYS[3]) == 0 then
    return nil
  end
  return { quantity = tonumber(fields[3]), opens_at = tonumber(fields[4]), closes_at = tonumber(fields[5]) }
end
