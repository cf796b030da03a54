#!lua flags=allow-oom
--[[
  list-orphans: name CONFIRMING holds whose lease is over, for recovery to ask MySQL about.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  ARGV[1] run        run_id of the server on this connection
  ARGV[2] nowMs      Unix time, milliseconds; 0 = this server's TIME
  ARGV[3] holdsMax   how many at most
  ARGV[4] againMs    these are named again only after so long, so that one that cannot be decided does not hide the others

  Returns { 'lost' } or { 'ok', nowMs, holdId, packed, holdId, packed… }

  Cost: O(holdsMax).
  Invariant: no hold and no count changes.
]]
-- @include clock
-- @include intact

if not epoch_if_intact(ARGV[1]) then
  return { 'lost' }
end
local now = read_clock(ARGV[2])
local reply = { 'ok', now }
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], 0, now, 'LIMIT', 0, tonumber(ARGV[3]))) do
  local packed = redis.call('HGET', KEYS[2], id)
  if packed then
    reply[#reply + 1] = id
    reply[#reply + 1] = packed
    redis.call('ZADD', KEYS[4], now + tonumber(ARGV[4]), id)
  else
    redis.call('ZREM', KEYS[4], id)
  end
end
return reply
