#!lua flags=allow-oom
--[[
  forget-holds: drop one slice of ended holds that need not be remembered any longer.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  KEYS[6] ended      zset  ended holds by the time when they may be forgotten
  ARGV[1] run       run_id of the server on this connection
  ARGV[2] nowMs     Unix time, milliseconds; 0 = this server's TIME
  ARGV[3] holdsMax  work bound of one slice

  Returns, first match wins:
    { 'lost' }
    { 'forgotten', holds }   call again while holds = holdsMax

  Cost: O(holdsMax).
  Invariant: no live and no sold hold is dropped.
]]
-- @include clock
-- @include intact
-- @include bulk
-- @include hold
-- @include indexes

if not epoch_if_intact(ARGV[1]) then
  return { 'lost' }
end

-- Decide.
local ids = redis.call('ZRANGEBYSCORE', KEYS[6], 0, read_clock(ARGV[2]), 'LIMIT', 0, tonumber(ARGV[3]))
local forgotten = {}
load_holds(ids)
for _, id in ipairs(ids) do
  local hold = read_hold(id)
  if hold and (hold.state == 'R' or hold.state == 'E') then
    forgotten[#forgotten + 1] = id
  end
  leave(KEYS[6], id)
end

-- Apply.
in_pieces(forgotten, function(...)
  redis.call('HDEL', KEYS[2], ...)
end)
write_indexes()
return { 'forgotten', #ids }
