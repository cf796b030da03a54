#!lua flags=allow-oom
--[[
  finish-confirms: make holds SOLD after MySQL has committed their orders. Never refuses: the order stands.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  KEYS[6] decisions  stream  the decision log
  ARGV[1] run    run_id of the server on this connection
  ARGV[2] nowMs  Unix time, milliseconds; 0 = this server's TIME
  ARGV[3] items  then per item five: holdId, buyerId, placedAtMs, expiresAtMs, lines (ticketTypeId:quantity,…)

  Returns { 'lost' } or { 'ok', nowMs, reply… } with one reply per item, first match wins:
    { 'already' }   it was SOLD; nothing changed
    { 'sold' }      taken from held
    { 'debited' }   its units had gone back or were never here: taken from available, which may now stand below zero

  Cost: O(lines of all items).
  Invariant: available + held + sold is unchanged; every reply but 'already' counts one more finish.
]]
-- @include clock
-- @include intact
-- @include bulk
-- @include stock
-- @include hold
-- @include buyer
-- @include indexes
-- @include decisions

if not epoch_if_intact(ARGV[1]) then
  return { 'lost' }
end
local now = read_clock(ARGV[2])
local finishes = 0
local SOLD, DEBITED = { 'sold' }, { 'debited' }

-- Apply.
local function finish(id, buyer, placed, expires, lines)
  local hold = read_hold(id)
  if hold and hold.state == 'S' then
    note('finish', 'already', id, hold.lines, '', hold.buyer)
    return { 'already' }
  end
  hold = hold or new_hold('', pack_promise(tonumber(placed), tonumber(expires)), '0', lines, buyer)
  local is_live = hold.state == 'H' or hold.state == 'C'
  local sold = lines_of(hold.lines)
  move_units(sold, 1, is_live and 'held' or 'available', 'sold')
  sell_to_buyer(hold.buyer, id, sold.units, is_live)
  if hold.state ~= 'C' then
    leave(KEYS[3], id)
  end
  if hold.state ~= 'H' then
    leave(KEYS[4], id)
  end
  end_hold(hold, 'S')
  write_hold(id, hold)
  finishes = finishes + 1
  note('finish', is_live and 'sold' or 'debited', id, hold.lines, '', hold.buyer)
  return is_live and SOLD or DEBITED
end

load_holds(every(3, 5))
load_buyers(every(4, 5))
local reply = { 'ok', now }
for i = 3, #ARGV, 5 do
  reply[#reply + 1] = finish(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
end
write_holds()
write_buyers()
write_indexes()
write_decisions(KEYS[6], write_stock())
if finishes > 0 then
  redis.call('HINCRBY', KEYS[1], 'finishes', finishes)
end
return reply
