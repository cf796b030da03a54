#!lua flags=allow-oom
--[[
  forget-holds: drop one slice of ended holds that need not be remembered any longer.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  KEYS[6] ended      zset  lists of ended holds by the time when they may be forgotten
  ARGV[1] run       run_id of the server on this connection
  ARGV[2] nowMs     Unix time, milliseconds; 0 = this server's TIME
  ARGV[3] holdsMax  work bound of one slice; the last list is not cut

  Returns, first match wins:
    { 'lost' }
    { 'forgotten', holds }   call again while holds is not less than holdsMax

  Cost: O(holdsMax + holds of ten lists).
  Invariant: no live and no sold hold is dropped.
]]
-- @include clock
-- @include intact
-- @include bulk
-- @include hold

if not epoch_if_intact(ARGV[1]) then
  return { 'lost' }
end

-- Decide.
local now = read_clock(ARGV[2])
local holds_max = tonumber(ARGV[3])
local ids, over = {}, {}

-- A few lists at a time, because the first may be all that is wanted.
local LISTS = 10
local is_last = false
while #ids < holds_max and not is_last do
  local lists = redis.call('ZRANGEBYSCORE', KEYS[6], 0, now, 'LIMIT', #over, LISTS)
  is_last = #lists < LISTS
  for _, list in ipairs(lists) do
    if #ids >= holds_max then
      break
    end
    over[#over + 1] = list
    for id in string.gmatch(list, '[^,]+') do
      ids[#ids + 1] = id
    end
  end
end
load_holds(ids)
-- One whose order came late is sold, and remembered as long as the sale.
local forgotten = {}
for _, id in ipairs(ids) do
  local hold = read_hold(id)
  if hold and (hold.state == 'R' or hold.state == 'E') then
    forgotten[#forgotten + 1] = id
  end
end

-- Apply.
tell('HDEL', KEYS[2], forgotten)
tell('ZREM', KEYS[6], over)
return { 'forgotten', #ids }
