#!lua flags=allow-oom
--[[
  finish-confirms: make holds SOLD after MySQL has committed their orders. Never refuses: the order stands.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  KEYS[6] ended      zset  ended holds by the time when they may be forgotten
  KEYS[7] decisions  stream  the decision log
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
-- @include many
-- @include clock
-- @include intact
-- @include stock
-- @include hold
-- @include buyer
-- @include decisions

if not epoch_if_intact(ARGV[1]) then
  return { 'lost' }
end
local now = read_clock(ARGV[2])

-- Each hold and buyer is unpacked once, so that an item finds them as an earlier one left them.
local ids, buyers = {}, {}
for i = 3, #ARGV, 5 do
  ids[#ids + 1] = ARGV[i]
end
local holds = read_many(KEYS[2], ids)
for i = 3, #ARGV, 5 do
  local id = ARGV[i]
  if type(holds[id]) == 'string' then
    holds[id] = unpack_hold(holds[id])
  end
  buyers[#buyers + 1] = holds[id] and holds[id].buyer or ARGV[i + 1]
end
local records = read_many(KEYS[5], buyers)

-- Apply.
local finished, gone = {}, { H = {}, C = {}, ended = {} }

local function finish(id, buyer, placed, expires, lines)
  local hold = holds[id]
  if hold and hold.state == 'S' then
    note('finish', 'already', id, hold.lines, '', hold.buyer)
    return { 'already' }
  end
  hold = hold
    or { state = '', placed = placed, expires = expires, deadline = expires, keyed = '0', epoch = '0', lines = lines, buyer = buyer }
  local is_live = hold.state == 'H' or hold.state == 'C'
  local record = records[hold.buyer]
  if type(record) ~= 'table' then
    record = unpack_buyer(record)
    records[hold.buyer] = record
  end
  for ticket_type, quantity in each_line(hold.lines) do
    move_units(ticket_type, quantity, is_live and 'held' or 'available', 'sold')
    record.bought = record.bought + quantity
    record.held = is_live and record.held - quantity or record.held
  end
  forget_live_hold(record, id)
  local left = gone[hold.state] or gone.ended
  left[#left + 1] = id
  hold.state = 'S'
  hold.attempts = ''
  hold.epoch = '0'
  holds[id] = hold
  finished[#finished + 1] = id
  note('finish', is_live and 'sold' or 'debited', id, hold.lines, '', hold.buyer)
  return { is_live and 'sold' or 'debited' }
end

local reply = { 'ok', now }
for i = 3, #ARGV, 5 do
  reply[#reply + 1] = finish(ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]), ARGV[i + 4])
end

local packed, counts = {}, {}
for _, id in ipairs(finished) do
  packed[#packed + 1] = id
  packed[#packed + 1] = pack_hold(holds[id])
end
for buyer, record in pairs(records) do
  -- What is no table was read and not changed.
  if type(record) == 'table' then
    counts[#counts + 1] = buyer
    counts[#counts + 1] = pack_buyer(record)
  end
end
call_many({ 'HSET', KEYS[2] }, packed)
call_many({ 'HSET', KEYS[5] }, counts)
call_many({ 'ZREM', KEYS[3] }, gone.H)
call_many({ 'ZREM', KEYS[4] }, gone.C)
call_many({ 'ZREM', KEYS[6] }, gone.ended)
write_decisions(KEYS[7], write_stock())
if #finished > 0 then
  redis.call('HINCRBY', KEYS[1], 'finishes', #finished)
end
return reply
