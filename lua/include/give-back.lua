-- Ids that are to be remembered until the same time are one entry of the index, joined by commas: nobody looks for one of them.
local remembered = {}

local function remember(id, until_time)
  local ids = list_at(remembered, until_time)
  ids[#ids + 1] = id
end

local function write_remembered()
  for until_time, ids in pairs(remembered) do
    redis.call('ZADD', KEYS[6], until_time, table.concat(ids, ','))
  end
end

-- Everything that a script with give-back has changed in memory, but the stock and the log.
local function write_changes()
  write_holds()
  write_buyers()
  write_indexes()
  write_remembered()
end

-- Ends a live hold: its units and the buyer's count go back exactly once, and the id is remembered with this record, so that it
-- never lives twice. The caller writes what has changed.
local function end_hold(id, state, packed, lines, buyer, forget_at)
  for _, line in ipairs(lines_of(lines)) do
    move_units(line.ticket_type, line.quantity, 'held', 'available')
  end
  take_from_buyer(buyer, id, lines_of(lines).units)
  put_hold(id, packed)
  remember(id, forget_at)
  if state == 'R' then
    note('release', 'released', id, lines, '', buyer)
  else
    note('expire', 'expired', id, lines, '', buyer)
  end
end

-- Ends a live hold as released (R) or expired (E), whatever it was before. It leaves the index of live holds it is in.
local function give_back(id, hold, state, now, keyed_memory_ms, memory_ms)
  leave(hold.state == 'C' and KEYS[4] or KEYS[3], id)
  hold.state = state
  hold.attempts = ''
  hold.epoch = '0'
  local memory = hold.keyed == '1' and keyed_memory_ms or memory_ms
  end_hold(id, state, pack_hold(hold), hold.lines, hold.buyer, math.max(now, hold.expires) + memory)
end
