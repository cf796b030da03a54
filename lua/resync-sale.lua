#!lua flags=allow-oom
--[[
  resync-sale: set a live sale right from one MySQL snapshot and its live holds: committed CONFIRMING holds become SOLD,
  capacity and sold are MySQL's, held is counted again, and available is what remains.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  KEYS[6] decisions  stream  the decision log
  ARGV[1] run       run_id of the server on this connection
  ARGV[2] epoch     from freeze-confirms
  ARGV[3] finishes  from freeze-confirms, before the snapshot was taken
  ARGV[4] apply     1, or 0 for a dry run that changes nothing
  ARGV[5] recountMax  held is counted again from the live holds only while there are at most so many of them
  ARGV[6] types     how many ticket types follow, each: ticketTypeId, capacity, sold; after them the ids of the
                    CONFIRMING holds that are sold in the snapshot

  Returns, first match wins:
    { 'lost' }
    { 'moved' }   a confirm finished since, or the sale was rebuilt: take a new snapshot
    { 'ok', row… } per ticket type { ticketTypeId, available, held, sold before, available, held, sold after }

  Cost: O(ticket types + live holds up to recountMax + committed CONFIRMING holds).
  Invariant: afterwards capacity = available + held + sold, and sold is MySQL's of the snapshot.
]]
-- @include intact
-- @include bulk
-- @include stock
-- @include hold
-- @include buyer
-- @include indexes
-- @include decisions

local epoch = epoch_if_intact(ARGV[1])

-- Decide.
if not epoch then
  return { 'lost' }
end
if epoch ~= ARGV[2] or redis.call('HGET', KEYS[1], 'finishes') ~= ARGV[3] then
  return { 'moved' }
end
local apply = ARGV[4] == '1'
local recount_max = tonumber(ARGV[5])
local types = tonumber(ARGV[6])
local first_id = 7 + types * 3
local reply = { 'ok' }
for i = 7, first_id - 1, 3 do
  local counts = stock_of(ARGV[i])
  reply[#reply + 1] = { ARGV[i], counts.available, counts.held, counts.sold }
end
-- Both indexes carry one sentinel that is no hold.
if redis.call('ZCARD', KEYS[3]) + redis.call('ZCARD', KEYS[4]) - 2 <= recount_max then
  for i = 7, first_id - 1, 3 do
    stock_of(ARGV[i]).held = 0
  end
  for index = 3, 4 do
    local ids = redis.call('ZRANGEBYSCORE', KEYS[index], 0, '+inf')
    load_holds(ids)
    for _, id in ipairs(ids) do
      local hold = read_hold(id)
      if hold and (hold.state == 'H' or hold.state == 'C') then
        for _, line in ipairs(lines_of(hold.lines)) do
          local counts = stock_of(line.ticket_type)
          counts.held = counts.held + line.quantity
        end
      end
    end
  end
end
local committed = {}
for i = first_id, #ARGV do
  local hold = read_hold(ARGV[i])
  if hold and hold.state == 'C' then
    committed[ARGV[i]] = hold
    move_units(lines_of(hold.lines), 1, 'held', 'sold')
  end
end
for i = 1, types do
  local at = 4 + i * 3
  local counts = stock_of(ARGV[at])
  counts.sold = tonumber(ARGV[at + 2])
  counts.available = tonumber(ARGV[at + 1]) - counts.sold - counts.held
  counts.changed = true
  local row = reply[i + 1]
  row[5], row[6], row[7] = counts.available, counts.held, counts.sold
end
if not apply then
  return reply
end

-- Apply.
local before = {}
for i = 2, #reply do
  before[i - 1] = table.concat(reply[i], ':', 1, 4)
end
note('resync', 'resynced', '', '', table.concat(before, ','), '')
local finishes = 0
for id, hold in pairs(committed) do
  note('resync', 'sold', id, hold.lines, '', hold.buyer)
  sell_to_buyer(hold.buyer, id, lines_of(hold.lines).units, true)
  leave(KEYS[4], id)
  end_hold(hold, 'S')
  write_hold(id, hold)
  finishes = finishes + 1
end
write_holds()
write_buyers()
write_indexes()
write_decisions(KEYS[6], write_stock())
for i = 7, first_id - 1, 3 do
  redis.call('HSET', KEYS[1], 'capacity:' .. ARGV[i], ARGV[i + 1])
end
if finishes > 0 then
  redis.call('HINCRBY', KEYS[1], 'finishes', finishes)
end
return reply
