#!lua flags=allow-oom
--[[
  drop-missing-hold: forget what is left of a live hold whose record is gone: its places in the indexes and with its buyer.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  ARGV[1] run      run_id of the server on this connection
  ARGV[2] holdId
  ARGV[3] buyerId  whose live holds name it; '' when nobody's do

  Returns, first match wins:
    { 'lost' }
    { 'known' }    it has a record: nothing changed
    { 'dropped' }  also when it was dropped before; nothing changed then

  Cost: O(live holds of the buyer).
  Invariant: no count of tickets changes, for its lines are not known: a resync counts afterwards. What the buyer holds is that
  of the holds that are left.
]]
-- @include intact
-- @include bulk
-- @include hold
-- @include buyer

if not epoch_if_intact(ARGV[1]) then
  return { 'lost' }
end
local id, buyer = ARGV[2], ARGV[3]

-- Decide.
if read_hold(id) then
  return { 'known' }
end

-- Apply.
redis.call('ZREM', KEYS[3], id)
redis.call('ZREM', KEYS[4], id)
-- The empty buyer is the sentinel, and nobody's record.
if buyer == '' or not string.find(read_buyer(buyer).ids, ',' .. id, 1, true) then
  return { 'dropped' }
end
local record = change_buyer(buyer)
forget_live_hold(record, id)
record.held = 0
for live in string.gmatch(record.ids, '[^,]+') do
  local hold = read_hold(live)
  record.held = record.held + (hold and lines_of(hold.lines).units or 0)
end
write_buyers()
return { 'dropped' }
